import type { CommandText, OptionText } from './commandText.ts'
import { workCommands } from './workCommands.ts'

/** How long to wait for the recipients. */
const wait: OptionText = {
  name: 'wait',
  value: 'seconds',
  range: { least: 0, most: 600, isDivisible: true },
  text: 'until every recipient has it; ends with 6 when that is not in time',
}

/** How many messages to show. */
const limit: OptionText = {
  name: 'limit',
  value: 'number',
  range: { least: 1, most: 200 },
  text: 'at most so many messages (default 20)',
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
    options: [{ name: 'all', text: 'each link, instead of one line for each machine' }],
    examples: [
      ['mesh status', 'a short report'],
      ['mesh status --all', 'with every link and what has passed over it'],
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
    name: 'send',
    words: ['peer', 'message...'],
    summary: 'say something to one session',
    about:
      'Speaks as the operator: you. Within a Claude Code session it speaks as that session. ' +
      'The peer is given by name, ID, or six characters of the ID. The message is kept until it ' +
      'is read, also for a peer that is away. The message - is read from the input; put -- before ' +
      'a message that begins with a dash.',
    options: [wait, { name: 'reply-to', value: 'id', text: 'the message that this one answers' }],
    examples: [
      ['mesh send claude-2 "which port is free?"', 'ask one session'],
      ['mesh send claude-2 - < notes.txt', 'send a file'],
      ['mesh send claude-2 --wait 5 stop', 'see that it has arrived'],
    ],
  },
  {
    name: 'broadcast',
    words: ['message...'],
    summary: 'say something to every session that is online',
    about:
      'Speaks as the operator, or within a Claude Code session as that session. The message - is ' +
      'read from the input. Who is away does not get it.',
    options: [
      {
        name: 'scope',
        value: 'where',
        choices: ['mesh', 'machine', 'directory', 'repo'],
        text: 'mesh (default) or machine; for a session also its directory or repo',
      },
      wait,
    ],
    examples: [
      ['mesh broadcast "main is frozen until noon"', 'tell everybody'],
      ['mesh broadcast --scope machine "the disk is full"', 'tell those on this machine'],
    ],
  },
  {
    name: 'inbox',
    words: [],
    summary: 'read what waits for you',
    about:
      'Shows what was sent to the operator and marks it as read; within a Claude Code session, ' +
      'what was sent to that session. With --keep it stays unread, and then it is shown also ' +
      'when no session runs.',
    options: [limit, { name: 'keep', text: 'leave it unread' }],
    examples: [
      ['mesh inbox', 'read it'],
      ['mesh inbox --keep --limit 5', 'only look'],
    ],
  },
  {
    name: 'history',
    words: ['[peer]'],
    summary: 'see what was said before',
    about:
      'The operator sees what was said by everybody to everybody, a Claude Code session what was ' +
      'said by it and to it. The newest come last. Also works when no session runs.',
    options: [
      { name: 'query', value: 'words', text: 'only messages that hold all these words' },
      limit,
      { name: 'before', value: 'id', text: 'the page before this message' },
      { name: 'id', value: 'id', text: 'one message whole, with where it was written' },
    ],
    examples: [
      ['mesh history', 'the last 20 messages'],
      ['mesh history claude-2 --query port', 'what was said with claude-2 about ports'],
    ],
  },
  ...workCommands,
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
    name: 'groups',
    words: ['[action]', '[name]', '[group]'],
    summary: 'who works together, and apart from whom',
    about:
      'Without an action, lists the groups. A group that you create is sealed: nobody outside ' +
      'receives anything of it, not even that its members are there. Its members see only each ' +
      'other. Groups of branches are open: a log and tasks of their own, and still visible to all. ' +
      'Actions: create NAME, assign PEER GROUP (GROUP may be lobby, or automatic to leave the ' +
      'choice to the branch), delete NAME (its members go back to the lobby), seal NAME, open NAME.',
    options: [],
    examples: [
      ['mesh groups', 'list them with their members'],
      ['mesh groups create api', 'make a sealed group'],
      ['mesh groups assign claude-2 api', 'put a session into it'],
      ['mesh groups assign claude-2 automatic', 'let its branch decide again'],
    ],
  },
  {
    name: 'config',
    words: ['[setting]', '[value]'],
    summary: 'settings of the whole mesh',
    about:
      'Without a setting, shows all. autogroup says when a branch makes a group of its own: ' +
      'feature (when it is not the default branch; the usual one), always, or off.',
    options: [],
    examples: [
      ['mesh config', 'show all'],
      ['mesh config autogroup off', 'leave everybody in the lobby'],
    ],
  },
  {
    name: 'lan',
    words: ['[on|off|auto]'],
    summary: 'whether other machines may link to this one',
    about:
      'Without a word, shows the setting and where each session of this device listens. With one, ' +
      'sets it for all sessions, running and to come; those that run follow within two seconds. ' +
      'auto, the usual one, is on once the mesh has a second device. Ports 7910 to 7989 are used, ' +
      'or those of MESH_LINK_PORTS; without the mesh key nobody gets past them.',
    options: [],
    examples: [
      ['mesh lan', 'see how it is'],
      ['mesh lan on', 'let other machines of this mesh find this one'],
      ['mesh lan off', 'speak with sessions of this machine alone'],
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
