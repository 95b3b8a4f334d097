import type { CommandText } from './commandText.ts'

/** The words of tasks as `state` has them; said again, since its schemas take long to load. */
const statuses = ['ready', 'in_progress', 'blocked', 'pending', 'completed']
const priorities = ['urgent', 'high', 'normal', 'low']

/** The commands on what a group works on together. */
export const workCommands: readonly CommandText[] = [
  {
    name: 'tasks',
    words: ['[action]', '[task]'],
    summary: 'what is to be done, and who does it',
    about:
      'Without an action, lists the tasks, those that are ready first. Actions: create "TITLE"; ' +
      'claim ID makes it yours, with --assignee another peer; release ID gives it back; ' +
      'complete ID ends it. You act as the operator, within a Claude Code session as that ' +
      'session. The operator sees the tasks of all groups.',
    options: [
      { name: 'status', value: 'status', choices: statuses, text: 'only of this status' },
      { name: 'mine', text: 'only those that you own or that are assigned to you' },
      { name: 'assignee', value: 'peer', text: 'with create and claim: who is to do it' },
      { name: 'description', value: 'text', text: 'with create: all there is to know' },
      {
        name: 'priority',
        value: 'how',
        choices: priorities,
        text: 'with create: urgent, high, normal (default) or low',
      },
      { name: 'after', value: 'ids', text: 'with create: tasks that come first, with commas' },
      { name: 'result', value: 'text', text: 'with complete: what came out of it' },
      { name: 'group', value: 'group', text: 'of this group; create of the operator: lobby' },
    ],
    examples: [
      ['mesh tasks', 'what is to be done'],
      ['mesh tasks create Release --assignee claude-2', 'give claude-2 a task'],
      ['mesh tasks claim 06f9k2ab', 'do it yourself'],
      ['mesh tasks complete 06f9k2ab --result published', 'end it'],
    ],
  },
  {
    name: 'decisions',
    words: ['[action]', '[key]', '[value]'],
    summary: 'what was decided, and why',
    about:
      'Without an action, lists the decisions that hold; with a KEY, shows one with its history. ' +
      'The operator sees those of all groups, a Claude Code session those of its own. ' +
      'Actions: post KEY VALUE decides, or decides anew; revoke KEY takes back, and stays visible. ' +
      'Two values that were posted at once are a conflict until somebody posts again.',
    options: [
      { name: 'category', value: 'name', text: 'only of this category; with post, put into it' },
      { name: 'all', text: 'revoked ones too' },
      { name: 'rationale', value: 'text', text: 'why; post needs it' },
      { name: 'reason', value: 'text', text: 'why it is revoked' },
      { name: 'group', value: 'name', text: 'of this group; post of the operator: lobby' },
    ],
    examples: [
      ['mesh decisions', 'what holds'],
      ['mesh decisions database', 'one, with its history'],
      ['mesh decisions post database postgres --rationale proven', 'decide'],
      ['mesh decisions revoke database --reason outgrown', 'take it back'],
    ],
  },
  {
    name: 'proposals',
    words: ['[action]', '[id]', '[answer]'],
    summary: 'what is put to a vote, and what waits for your answer',
    about:
      'Without an action, lists what is open. Actions: vote ID approve, reject or withdraw (your ' +
      'own); pending lists the approvals, verifications, votes and tasks that wait for you, or ' +
      'you for them; answer ID yes or no decides an approval or a verification. You act as the ' +
      'operator, within a Claude Code session as that session. The operator sees all groups.',
    options: [
      { name: 'all', text: 'also those that are decided' },
      { name: 'reason', value: 'text', text: 'why you vote or answer so' },
      { name: 'group', value: 'group', text: 'only of this group' },
    ],
    examples: [
      ['mesh proposals', 'what is open'],
      ['mesh proposals vote 06f9k2ab approve --reason tested', 'vote'],
      ['mesh proposals pending', 'what waits'],
      ['mesh proposals answer 06f9k3cd no', 'refuse an approval'],
    ],
  },
  {
    name: 'report',
    words: [],
    summary: 'what happened, as Markdown',
    about:
      'Tells of a group who took part, its tasks, decisions, verifications, proposals, approvals, ' +
      'files, messages and activity. Without --since, since the mesh session began.',
    options: [
      { name: 'since', value: 'when', text: '90m, 2h, 3d, or an ISO 8601 time' },
      { name: 'group', value: 'name', text: 'of this group (the operator: lobby)' },
      { name: 'out', value: 'file', text: 'write it into a new file' },
    ],
    examples: [
      ['mesh report', 'read it'],
      ['mesh report --since 2h --out report.md', 'keep it'],
    ],
  },
]
