import { describe, expect, it } from 'vitest'
import { testsDoNotSleep, timeIsHandedIn } from './house/clock.ts'
import { doorsAreKept, noCycles } from './house/doors.ts'
import { filesAreSmall, functionsAreShort, parametersAreFew } from './house/sizes.ts'
import { type Rule, readProject, type SourceText } from './house/source.ts'
import {
  exportsAreExplained,
  filesAreNamed,
  noMachineIsNamed,
  nothingIsLeftOver,
  processIsLeftAlone,
  typesAreTrue,
} from './house/words.ts'

/** The promises of the house. Each has plants below that prove it can be broken. */
const rules: Readonly<Record<string, Rule>> = {
  'rooms import only through their doors': doorsAreKept,
  'no file imports itself through others': noCycles,
  'files are small': filesAreSmall,
  'functions are short': functionsAreShort,
  'functions take few parameters': parametersAreFew,
  'time and chance are handed in': timeIsHandedIn,
  'unit tests and simulations do not sleep': testsDoNotSleep,
  'the process is left alone': processIsLeftAlone,
  'files are named after their concept': filesAreNamed,
  'exports are explained': exportsAreExplained,
  'types are true': typesAreTrue,
  'nothing is left over': nothingIsLeftOver,
  'no machine is named': noMachineIsNamed,
}

describe('the house', () => {
  const project = readProject()

  it('is read whole', () => {
    const paths = project.map(([path]) => path)
    expect(paths).toContain('test/house.test.ts')
    expect(paths).toContain('package.json')
    expect(paths.filter((path) => path.includes('node_modules'))).toEqual([])
  })

  it.each(Object.entries(rules))('%s', (_promise, rule) => {
    expect(rule(project)).toEqual([])
  })
})

/** One planted text per line of the table: the promise it breaks, the file, the text. */
type Plant = readonly [promise: keyof typeof rules, path: string, ...text: readonly string[]]

/** Words that may not stand in this file either are put together from two halves. */
const silencer = `// @ts-${'ignore'}`
const leftOver = `// TO${'DO'}: later`
const home = ['', 'home', 'someone', 'mesh'].join('/')
const root = ['', 'root', 'mesh'].join('/')
const work = ['', 'work', 'mesh'].join('/')
const host = ['https:/', 'registry.example.org', 'zod'].join('/')

const longBody = Array.from({ length: 50 }, (_, index) => `  step(${index})`)
const plants: readonly Plant[] = [
  ['rooms import only through their doors', 'state/a.ts', `import { b } from '../mesh/b.ts'`],
  ['rooms import only through their doors', 'state/a.ts', `import { b } from "../mesh/b.ts"`],
  ['rooms import only through their doors', 'state/a.ts', `import '../mesh/b.ts'`],
  ['rooms import only through their doors', 'state/a.ts', `import "../mesh/b.ts"`],
  ['rooms import only through their doors', 'mesh/a.ts', `export * from '../mcp/b.ts'`],
  ['rooms import only through their doors', 'mesh/a.ts', `export { b } from "../mcp/b.ts"`],
  ['rooms import only through their doors', 'mesh/a.ts', `import type { B } from '../cli/b.ts'`],
  ['rooms import only through their doors', 'mesh/a.ts', `type B = import('../cli/b.ts').B`],
  ['rooms import only through their doors', 'mcp/a.ts', `await import('../cli/b.ts')`],
  ['rooms import only through their doors', 'mcp/a.ts', `await import("../dashboard/serve.ts")`],
  ['rooms import only through their doors', 'mcp/a.ts', 'await import(`../cli/b.ts`)'],
  ['rooms import only through their doors', 'mcp/a.ts', 'await import(`../` + room)'],
  ['rooms import only through their doors', 'mcp/a.ts', `await import(place)`],
  ['rooms import only through their doors', 'cli/a.ts', `await import('../mcp/main.ts')`],
  ['rooms import only through their doors', 'cli/main.ts', `import '../mcp/main.ts'`],
  ['rooms import only through their doors', 'cli/main.ts', `await import('../mcp/server.ts')`],
  ['rooms import only through their doors', 'cli/a.ts', `import '../test/unit/a.ts'`],
  ['rooms import only through their doors', 'dashboard/serve.ts', `import './src/main.ts'`],
  ['rooms import only through their doors', 'dashboard/src/a.ts', `import '../../mesh/b.ts'`],
  [
    'rooms import only through their doors',
    'dashboard/src/views/A.svelte',
    `<script lang="ts">import { b } from "../../../mesh/b.ts"</script>`,
  ],
  ['files are small', 'state/a.ts', '//\n'.repeat(301)],
  ['files are small', 'test/unit/a.test.ts', '//\n'.repeat(501)],
  ['files are small', 'dashboard/src/views/A.svelte', '<p>\n'.repeat(121)],
  ['functions are short', 'state/a.ts', 'function a() {', ...longBody, '}'],
  ['functions are short', 'state/a.ts', 'const a = () => {', ...longBody, '}'],
  ['functions are short', 'state/a.ts', 'const a = { b() {', ...longBody, '} }'],
  [
    'functions are short',
    'state/a.ts',
    'function createA() {',
    'return () => {',
    ...longBody,
    '}}',
  ],
  ['functions take few parameters', 'state/a.ts', 'function a(b, c, d, e) {}'],
  ['functions take few parameters', 'state/a.ts', 'const a = (b, c, d, e) => b'],
  ['functions take few parameters', 'state/a.ts', 'class A { constructor(b, c, d, e) {} }'],
  ['time and chance are handed in', 'state/a.ts', 'const at = Date.now()'],
  ['time and chance are handed in', 'state/a.ts', 'const at = new Date()'],
  ['time and chance are handed in', 'state/a.ts', 'const at = Date()'],
  ['time and chance are handed in', 'mesh/a.ts', 'const at = performance.now()'],
  ['time and chance are handed in', 'mesh/a.ts', 'const read = globalThis.Date.now'],
  ['time and chance are handed in', 'mesh/a.ts', 'setTimeout(b, 5)'],
  ['time and chance are handed in', 'mesh/a.ts', 'globalThis.setInterval(b, 5)'],
  ['time and chance are handed in', 'mcp/a.ts', 'setImmediate(b)'],
  [
    'time and chance are handed in',
    'mcp/a.ts',
    `import { setTimeout as wait } from 'timers/promises'`,
  ],
  ['time and chance are handed in', 'cli/main.ts', 'const b = Math.random()'],
  ['time and chance are handed in', 'cli/a.ts', `import { randomUUID } from 'node:crypto'`],
  ['time and chance are handed in', 'cli/a.ts', `import { randomBytes as b } from "node:crypto"`],
  ['time and chance are handed in', 'cli/a.ts', 'crypto.getRandomValues(b)'],
  [
    'time and chance are handed in',
    'dashboard/src/views/A.svelte',
    '<script>const at = Date.now()</script>',
  ],
  ['unit tests and simulations do not sleep', 'test/unit/a.test.ts', 'setTimeout(b, 5)'],
  ['unit tests and simulations do not sleep', 'test/sim/a.test.ts', 'Math.random()'],
  ['the process is left alone', 'mesh/a.ts', 'process.exit(1)'],
  ['the process is left alone', 'mcp/main.ts', 'process.exit()'],
  ['the process is left alone', 'mesh/a.ts', 'const home = process.env.HOME'],
  ['the process is left alone', 'mesh/a.ts', `const home = process['env']`],
  ['the process is left alone', 'mesh/a.ts', 'const home = globalThis.process.env'],
  ['the process is left alone', 'mesh/a.ts', `import { env } from 'node:process'`],
  ['the process is left alone', 'mesh/a.ts', 'const { env } = process'],
  ['time and chance are handed in', 'mesh/a.ts', 'const { now: read } = Date'],
  ['the process is left alone', 'cli/main.ts', `console.log('a')`],
  ['the process is left alone', 'dashboard/serve.ts', `console.error('a')`],
  ['files are named after their concept', 'state/utils.ts', ''],
  ['files are named after their concept', 'state/peerHelpers.ts', ''],
  ['files are named after their concept', 'mesh/link-manager.ts', ''],
  ['files are named after their concept', 'mcp/common/a.ts', ''],
  ['files are named after their concept', 'mcp/types.ts', ''],
  ['files are named after their concept', 'dashboard/src/views/PeerInfo.svelte', ''],
  ['exports are explained', 'state/a.ts', 'export const b = 1'],
  ['exports are explained', 'state/a.ts', '// A line comment is no doc.', 'export type B = 1'],
  ['exports are explained', 'state/a.ts', '/** Too far away. */', '', 'export class B {}'],
  ['exports are explained', 'state/a.ts', '/** no sentence */', 'export interface B {}'],
  ['exports are explained', 'state/a.ts', 'export default function b() {}'],
  ['types are true', 'state/a.ts', 'const b: any = 1'],
  ['types are true', 'state/a.ts', 'const b = c as any'],
  ['types are true', 'test/unit/a.test.ts', 'const b = c!.d'],
  ['types are true', 'state/a.ts', 'class A { b!: string }'],
  ['types are true', 'state/a.ts', silencer],
  ['nothing is left over', 'state/a.ts', leftOver],
  ['no machine is named', 'README.md', `Run ${home}`],
  ['no machine is named', '.ci/run', `cd ${root}`],
  ['no machine is named', 'test/unit/a.test.ts', `const cwd = '${work}'`],
  ['no machine is named', 'package-lock.json', `"resolved": "${host}"`],
]

function named(plant: Plant): [name: string, plant: Plant] {
  const [promise, path, text = ''] = plant
  return [`${promise}: ${path}: ${text.slice(0, 70).split('\n')[0]}`, plant]
}

describe('each rule can fail', () => {
  it.each(plants.map(named))('%s', (_name, [promise, path, ...lines]) => {
    expect(rules[promise]?.([[path, lines.join('\n')]])).not.toEqual([])
  })

  it('no file imports itself through others, in either kind of quotes', () => {
    const ring: readonly SourceText[] = [
      ['state/a.ts', `import './b.ts'`],
      ['state/b.ts', `export * from "./c.ts"`],
      ['state/c.ts', `import type { A } from './a.ts'`],
    ]
    expect(noCycles(ring)).toEqual(['state/a.ts -> state/b.ts -> state/c.ts -> state/a.ts'])
  })

  it('every rule has been planted', () => {
    const planted = new Set<string>(['no file imports itself through others'])
    for (const [promise] of plants) planted.add(promise)
    expect([...planted].sort()).toEqual(Object.keys(rules).sort())
  })
})

describe('what the rules let through', () => {
  const allowed: readonly Plant[] = [
    ['rooms import only through their doors', 'mesh/a.ts', `import { b } from '../state/b.ts'`],
    ['rooms import only through their doors', 'mesh/a.ts', `import * as Y from 'yjs'`],
    ['rooms import only through their doors', 'cli/main.ts', `await import('../mcp/main.ts')`],
    ['rooms import only through their doors', 'test/unit/a.test.ts', `import '../../mcp/b.ts'`],
    ['rooms import only through their doors', 'state/a.ts', `// import '../mesh/b.ts'`],
    ['time and chance are handed in', 'mesh/clock.ts', 'const now = () => Date.now()'],
    ['time and chance are handed in', 'state/a.ts', 'const shown = new Date(at)'],
    ['time and chance are handed in', 'state/a.ts', '// Date.now() would differ on each node.'],
    ['the process is left alone', 'mcp/lifecycle.ts', 'process.exit(0)'],
    ['the process is left alone', 'cli/print.ts', `console.log('a')`],
    ['files are named after their concept', 'state/base32.ts', ''],
    ['exports are explained', 'state/a.ts', '/** A number. */', 'export const b = 1'],
    ['no machine is named', 'README.md', 'https://example.org/work/home and state/work/a.ts'],
    [
      'functions are short',
      'state/a.ts',
      'function createA() {',
      ...Array.from(
        { length: 60 },
        (_, index) => `  function step${index}() {\n    go()\n  }`,
      ).slice(0, 40),
      '}',
    ],
  ]

  it.each(allowed.map(named))('%s', (_name, [promise, path, ...lines]) => {
    expect(rules[promise]?.([[path, lines.join('\n')]])).toEqual([])
  })
})
