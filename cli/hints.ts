/** The command for what an agent does with a tool; what begins like another comes first. */
const commandsByTool: ReadonlyMap<string, string> = new Map([
  ['claim_task and release', 'tasks release'],
  ['list_tasks, status ready', 'tasks --status ready'],
  ['list_tasks, status completed', 'tasks --status completed'],
  ['query_decisions with include_revoked', 'decisions --all'],
  ['list_peers', 'peers'],
  ['send_message', 'send'],
  ['check_messages', 'inbox'],
  ['message_history', 'history'],
  ['list_tasks', 'tasks'],
  ['create_task', 'tasks create'],
  ['claim_task', 'tasks claim'],
  ['complete_task', 'tasks complete'],
  ['query_decisions', 'decisions'],
  ['post_decision', 'decisions post'],
  ['revoke_decision', 'decisions revoke'],
  ['list_pending', 'proposals pending'],
  ['vote_proposal', 'proposals vote'],
])

const tools = new RegExp(`\\b(?:${[...commandsByTool.keys()].join('|')})\\b`, 'g')

/** A next move of a refusal, in the words of whoever types: nodes speak to agents, and name tools. */
export function inCommands(hint: string): string {
  return hint.replace(tools, (tool) => `\`mesh ${commandsByTool.get(tool)}\``)
}
