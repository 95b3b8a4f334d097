import ts from 'typescript'
import { isProduct, lineOf, memberName, parse, type Rule, walk } from './source.ts'

/** The one file that touches time and chance; everybody else is handed a clock. */
const clockFile = 'mesh/clock.ts'

/** Names that read time or chance, or wait, wherever they stand. */
const forbiddenNames = new Set([
  'setTimeout',
  'setInterval',
  'setImmediate',
  'randomUUID',
  'randomBytes',
  'getRandomValues',
])

/** The same for what is reached through a name that is otherwise harmless. */
const forbiddenMembers = new Set([
  'AbortSignal.timeout',
  'Date.now',
  'Math.random',
  'performance.now',
  'process.hrtime',
])

/** Names that would make a test wait for the real time, or differ from run to run. */
const forbiddenInTests = new Set(['setTimeout', 'setInterval', 'Math.random'])

/** Time and chance come from the clock that is handed in, so that a whole mesh can be replayed. */
export const timeIsHandedIn: Rule = (files) =>
  files.flatMap((file) => {
    const [path] = file
    if (!isProduct(path) || path === clockFile) return []
    return usesOf(file).map(
      ([line, name]) => `${path}:${line} uses ${name}: take it from the clock`,
    )
  })

/** Unit tests and simulations move the clock by hand: they neither sleep nor roll dice. */
export const testsDoNotSleep: Rule = (files) =>
  files.flatMap((file) => {
    const [path] = file
    if (!/^test\/(unit|sim)\//.test(path)) return []
    return usesOf(file)
      .filter(([, name]) => forbiddenInTests.has(name))
      .map(([line, name]) => `${path}:${line} uses ${name}: move the clock instead`)
  })

function usesOf(file: Parameters<typeof parse>[0]): [line: number, name: string][] {
  const uses: [line: number, name: string][] = []
  walk(parse(file), (node) => {
    const name = forbiddenUse(node)
    if (name) uses.push([lineOf(node), name])
  })
  return uses
}

function forbiddenUse(node: ts.Node): string | undefined {
  if (ts.isIdentifier(node)) return forbiddenNames.has(node.text) ? node.text : undefined
  const member = memberName(node)
  if (member !== undefined) return forbiddenMembers.has(member) ? member : undefined
  const callsDate =
    (ts.isNewExpression(node) && !node.arguments?.length) || ts.isCallExpression(node)
  return callsDate && node.expression.getText() === 'Date' ? 'Date without argument' : undefined
}
