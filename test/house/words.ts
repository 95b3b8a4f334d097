import ts from 'typescript'
import {
  isCode,
  isProduct,
  lineOf,
  memberName,
  parse,
  type Rule,
  type SourceText,
  walk,
} from './source.ts'

/** Words that say nothing about what is in a file. */
const emptyWords =
  /^(utils?|helpers?|common|managers?|services?|handlers?|base|impl|types|data|info)$/

/** Only here may the process be ended, its environment be read, its output be written. */
const mayExit = ['cli/main.ts', 'mcp/lifecycle.ts']
const mayReadEnvironment = ['cli/main.ts', 'mcp/main.ts', 'mesh/settings.ts']
const mayPrint = ['cli/print.ts', 'mcp/stdout.ts']

/** A file is called by its concept. */
export const filesAreNamed: Rule = (files) =>
  files.flatMap(([path]) => {
    if (!isCode(path)) return []
    const words = path.split(/[/.\-_]|(?<=[a-z\d])(?=[A-Z])/).map((word) => word.toLowerCase())
    const empty = words.find((word) => emptyWords.test(word))
    return empty === undefined ? [] : [`${path} is named "${empty}", which says nothing`]
  })

/** The process ends, reads its environment and prints in the few places that are meant for it. */
export const processIsLeftAlone: Rule = (files) =>
  files.flatMap((file) => {
    const [path] = file
    if (!isProduct(path)) return []
    return nodesOf(file).flatMap((node) => {
      const name = memberName(node)
      const stray =
        (name === 'process.exit' && !mayExit.includes(path)) ||
        (name === 'process.env' && !mayReadEnvironment.includes(path)) ||
        (name?.startsWith('console.') && !mayPrint.includes(path))
      return stray ? [`${path}:${lineOf(node)} may not use ${name}`] : []
    })
  })

/** Types tell the truth: nothing is `any`, nothing is asserted to exist, no error is silenced. */
export const typesAreTrue: Rule = (files) =>
  files.flatMap((file) => {
    const [path, text] = file
    if (!isCode(path)) return []
    const lies = nodesOf(file).flatMap((node) => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) return [`${path}:${lineOf(node)} says any`]
      const asserts = ts.isNonNullExpression(node) || isDefinite(node)
      return asserts ? [`${path}:${lineOf(node)} asserts with an exclamation mark`] : []
    })
    return /@ts-(ignore|nocheck)\b/.test(text) ? [...lies, `${path} silences the compiler`] : lies
  })

/** What is left to do is an issue, not a comment. */
export const nothingIsLeftOver: Rule = (files) =>
  files.flatMap(([path, text]) => {
    const left = /\b(?:TO(?:DO)|FIX(?:ME)|XX[X])\b/.exec(text)
    return isCode(path) && left ? [`${path} says ${left[0]}`] : []
  })

/** Every export of the product has a sentence immediately above it. */
export const exportsAreExplained: Rule = (files) =>
  files.flatMap((file) => {
    const [path] = file
    if (!isProduct(path)) return []
    return parse(file).statements.flatMap((statement) =>
      isExported(statement) && !hasSentence(statement)
        ? [`${path}:${lineOf(statement)} exports without a sentence above`]
        : [],
    )
  })

/** No file names a directory of somebody's machine or the host of a package registry. */
export const noMachineIsNamed: Rule = (files) =>
  files.flatMap(([path, text]) => {
    const machine =
      /(?<![\w.~*)}\]/-])\/(?:work|root)(?![\w-])|\/(?:home|Users)\/\w|[A-Z]:\\+Users\\/.exec(text)
    const host = /https?:\/\/[^\s/"']*(?:registry|npmjs|artifactory|nexus|verdaccio)/i.exec(text)
    const found = machine ?? host
    if (!found) return []
    const line = text.slice(0, found.index).split('\n').length
    return [`${path}:${line} names a machine: ${found[0]}`]
  })

function nodesOf(file: SourceText): ts.Node[] {
  const nodes: ts.Node[] = []
  walk(parse(file), (node) => nodes.push(node))
  return nodes
}

function isDefinite(node: ts.Node): boolean {
  const declares = ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node)
  return declares && node.exclamationToken !== undefined
}

function isExported(statement: ts.Statement): boolean {
  if (ts.isExportAssignment(statement)) return true
  if (!ts.canHaveModifiers(statement)) return false
  const modifiers = ts.getModifiers(statement) ?? []
  return modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)
}

function hasSentence(statement: ts.Statement): boolean {
  const text = statement.getSourceFile().text
  const comments = ts.getLeadingCommentRanges(text, statement.getFullStart()) ?? []
  const last = comments.at(-1)
  if (!last) return false
  const comment = text.slice(last.pos, last.end)
  const between = text.slice(last.end, statement.getStart())
  return comment.startsWith('/**') && /\w[^\n]*[.:?!]/.test(comment) && !/\n\s*\n/.test(between)
}
