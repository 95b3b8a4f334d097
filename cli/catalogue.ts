/** One option of a command. A value is asked for when `value` names it. */
export interface OptionText {
  readonly name: string
  readonly value?: string
  /** The only values that are understood. */
  readonly choices?: readonly string[]
  readonly text: string
}

/** How a command is typed and what it is for. */
export interface CommandText {
  readonly name: string
  /** The words after it: a word in brackets may be left out. */
  readonly words: readonly string[]
  /** One line, for the list of commands. */
  readonly summary: string
  /** What a user should know before using it. */
  readonly about: string
  readonly options: readonly OptionText[]
  readonly examples: readonly (readonly [command: string, effect: string])[]
}

/** All commands, in the order in which a newcomer meets them. */
export const catalogue: readonly CommandText[] = [
  {
    name: 'demo',
    words: [],
    summary: 'watch three sessions find each other, talk, crash and recover',
    about:
      'Starts three real nodes in a scratch directory, lets them talk, kills one and brings it back, ' +
      'checks every answer, and removes everything again. Your own mesh is not touched. ' +
      'Ends with how to register the server with Claude Code.',
    options: [],
    examples: [['mesh demo', 'see the mesh work in a few seconds']],
  },
  {
    name: 'status',
    words: [],
    summary: 'how the mesh on this machine is',
    about:
      'Asks the oldest running session of this device how it is: who it is, whom it is linked to, ' +
      'how large its store is, and whether anything is wrong.',
    options: [],
    examples: [
      ['mesh status', 'a short report'],
      ['mesh status --json', 'the same for a script'],
    ],
  },
  {
    name: 'peers',
    words: [],
    summary: 'who is there',
    about: 'Lists the sessions of the mesh, by name. IDs never change, names may.',
    options: [
      { name: 'offline', text: 'also those that are away; their mail waits for them' },
      {
        name: 'scope',
        value: 'where',
        choices: ['mesh', 'machine', 'directory'],
        text: 'mesh (default), machine, or directory: the one you are in',
      },
    ],
    examples: [
      ['mesh peers', 'everybody who is online'],
      ['mesh peers --offline', 'also those who left'],
      ['mesh peers --scope directory', 'who works here'],
    ],
  },
  {
    name: 'watch',
    words: [],
    summary: 'see messages and activity as they happen',
    about:
      'Follows what the sessions of this device send, receive and do, until you press Ctrl-C. ' +
      'Sessions that start later are followed too.',
    options: [{ name: 'all', text: 'also each step of delivery' }],
    examples: [
      ['mesh watch', 'one line for each thing that happens'],
      ['mesh watch --json | jq .text', 'one JSON object a line'],
    ],
  },
  {
    name: 'doctor',
    words: [],
    summary: 'find what is wrong, with one step to mend each',
    about:
      'Checks Node.js, settings, files, stores, running sessions, the disk and Claude Code. ' +
      'Changes nothing. Ends with 1 when something fails.',
    options: [],
    examples: [['mesh doctor', 'check everything']],
  },
  {
    name: 'stop',
    words: ['peer'],
    summary: 'end the node of one session of this device',
    about:
      'Asks the node to say goodbye and leave. The Claude Code session itself goes on without the ' +
      'mesh; /mcp reconnects it. The peer is given by name, ID, or six characters of the ID.',
    options: [],
    examples: [['mesh stop claude-2', 'take claude-2 out of the mesh']],
  },
  {
    name: 'mcp',
    words: [],
    summary: 'the MCP server; Claude Code starts this',
    about: 'Serves the Model Context Protocol on stdin and stdout until the client leaves.',
    options: [],
    examples: [['claude mcp add --scope user mesh -- mesh mcp', 'register it']],
  },
  {
    name: 'help',
    words: ['[command]'],
    summary: 'explain a command',
    about: 'Explains a command, or lists all of them.',
    options: [],
    examples: [['mesh help peers', 'explain mesh peers']],
  },
]

/** The options that every command takes. */
export const everywhere: readonly OptionText[] = [
  { name: 'json', text: 'print JSON, errors included' },
  { name: 'help', text: 'explain this command' },
]
