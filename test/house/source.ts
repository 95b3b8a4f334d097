import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'

/** One file of the project: its path from the root, with forward slashes, and its text. */
export type SourceText = readonly [path: string, text: string]

/** A rule reads the files and answers with one sentence per violation, beginning with the path. */
export type Rule = (files: readonly SourceText[]) => string[]

/** What one file imports. A specifier that is computed stands as its source, and is not readable. */
export interface Import {
  readonly specifier: string
  readonly readable: boolean
  /** Loaded only when needed, by a dynamic import. */
  readonly lazy: boolean
}

/** Every text file that git tracks or would track; what is ignored is nobody's source. */
export function readProject(): SourceText[] {
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
  const paths = execFileSync('git', listed, { encoding: 'utf8' }).split('\0')
  return [...new Set(paths)]
    .filter((path) => path !== '' && lstatSync(path, { throwIfNoEntry: false })?.isFile())
    .map((path): SourceText => [path, readFileSync(path, 'utf8')])
    .filter(([, text]) => !text.includes('\0'))
}

/** The room a file belongs to: the server side of the dashboard and its page count as two. */
export function roomOf(path: string): string | undefined {
  if (path.startsWith('dashboard/src/')) return 'dashboard/src'
  return /^(state|mesh|mcp|cli|dashboard|test)\//.exec(path)?.[1]
}

/** Whether the file is part of the product, and not a test or a tool. */
export function isProduct(path: string): boolean {
  const room = roomOf(path)
  return room !== undefined && room !== 'test' && isCode(path)
}

/** Whether the file holds TypeScript, alone or inside a Svelte component. */
export function isCode(path: string): boolean {
  return /\.(ts|svelte)$/.test(path)
}

/** The syntax tree of a file; of a component, its scripts, at the lines where they stand. */
export function parse([path, text]: SourceText): ts.SourceFile {
  const script = path.endsWith('.svelte') ? onlyScripts(text) : text
  return ts.createSourceFile(path, script, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
}

/** Calls back for every node of the tree, parents first. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node)
  ts.forEachChild(node, (child) => walk(child, visit))
}

/** The line of a node as people count, for messages. */
export function lineOf(node: ts.Node): number {
  const file = node.getSourceFile()
  return file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1
}

/**
 * A member of something global as text: `a.b`, `a['b']`, `const { b } = a`, `import { b } from 'a'`.
 * Undefined for every other node.
 */
export function memberName(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return join(node.expression, node.name)
  if (ts.isElementAccessExpression(node)) return join(node.expression, node.argumentExpression)
  if (ts.isImportSpecifier(node)) {
    return join(node.parent.parent.parent.moduleSpecifier, node.propertyName ?? node.name)
  }
  if (!ts.isBindingElement(node) || !ts.isVariableDeclaration(node.parent.parent)) return undefined
  const { initializer } = node.parent.parent
  return initializer && join(initializer, node.propertyName ?? node.name)
}

function join(owner: ts.Node, member: ts.Node): string {
  const text = [owner, member].map((part) => part.getText().replace(/^['"]|['"]$/g, '')).join('.')
  return text.replace(/^(globalThis\.|node:)/, '')
}

/** All imports of a file: static, for side effects, re-exports, dynamic, `require` and type imports. */
export function importsOf(file: SourceText): Import[] {
  const found: Import[] = []
  walk(parse(file), (node) => {
    const [target, lazy] = importTarget(node)
    if (!target) return
    const literal = ts.isLiteralTypeNode(target) ? target.literal : target
    const readable = ts.isStringLiteralLike(literal)
    found.push({ specifier: readable ? literal.text : target.getText(), readable, lazy })
  })
  return found
}

/** The project path that a relative specifier names; undefined for packages. */
export function resolveImport(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined
  return posix.normalize(posix.join(posix.dirname(from), specifier))
}

function importTarget(node: ts.Node): [target: ts.Node | undefined, lazy: boolean] {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
    return [node.moduleSpecifier, false]
  }
  if (ts.isExternalModuleReference(node)) return [node.expression, false]
  if (ts.isImportTypeNode(node)) return [node.argument, false]
  if (!ts.isCallExpression(node)) return [undefined, false]
  const dynamic = node.expression.kind === ts.SyntaxKind.ImportKeyword
  const required = ts.isIdentifier(node.expression) && node.expression.text === 'require'
  return dynamic || required ? [node.arguments[0], dynamic] : [undefined, false]
}

/** Blanks everything outside script elements, so that line numbers stay true. */
function onlyScripts(text: string): string {
  let script = ''
  let end = 0
  for (const match of text.matchAll(/<script[^>]*>([\s\S]*?)<\/script>/g)) {
    const start = match.index + match[0].indexOf('>') + 1
    const body = match[1] ?? ''
    script += text.slice(end, start).replace(/[^\n]/g, ' ') + body
    end = start + body.length
  }
  return script
}
