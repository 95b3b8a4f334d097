import ts from 'typescript'
import { isCode, isProduct, lineOf, parse, type Rule, walk } from './source.ts'

/** Lines a file may have; a component has to fit on a screen. */
const fileLinesMax = { component: 120, product: 300, test: 500 }

/** Lines and parameters a function may have. */
const functionLinesMax = 50
const parametersMax = 3

/** No file grows past the size at which it holds two concepts. */
export const filesAreSmall: Rule = (files) =>
  files.flatMap(([path, text]) => {
    if (!isCode(path)) return []
    const most = path.endsWith('.svelte')
      ? 'component'
      : path.startsWith('test/')
        ? 'test'
        : 'product'
    const lines = text.trimEnd().split('\n').length
    return lines > fileLinesMax[most]
      ? [`${path} has ${lines} lines, more than ${fileLinesMax[most]}`]
      : []
  })

/**
 * No function of the product is long.
 *
 * A function is measured by its own code: from its first line to its last, without blank lines and
 * comments, and with every function inside it counted as the one line where it stands. Each inner
 * function is measured for itself in the same way. So a factory `createX` that returns an object of
 * small functions is as long as what it does itself, and nothing escapes by being nested.
 */
export const functionsAreShort: Rule = (files) =>
  files.flatMap((file) =>
    functionsOf(file).flatMap((own) => {
      const lines = ownLines(own)
      return lines > functionLinesMax
        ? [
            `${file[0]}:${lineOf(own)} has a function of ${lines} lines, more than ${functionLinesMax}`,
          ]
        : []
    }),
  )

/** No function of the product takes more than three parameters; the fourth wants to be an object. */
export const parametersAreFew: Rule = (files) =>
  files.flatMap((file) =>
    functionsOf(file).flatMap((own) => {
      const count = own.parameters.filter(({ name }) => name.getText() !== 'this').length
      return count > parametersMax
        ? [
            `${file[0]}:${lineOf(own)} has a function of ${count} parameters, more than ${parametersMax}`,
          ]
        : []
    }),
  )

function functionsOf(file: Parameters<typeof parse>[0]): ts.FunctionLikeDeclaration[] {
  const found: ts.FunctionLikeDeclaration[] = []
  if (!isProduct(file[0])) return found
  walk(parse(file), (node) => {
    if (isFunction(node)) found.push(node)
  })
  return found
}

function isFunction(node: ts.Node): node is ts.FunctionLikeDeclaration {
  return ts.isFunctionLike(node) && 'body' in node && node.body !== undefined
}

function ownLines(own: ts.FunctionLikeDeclaration): number {
  const lines = new Set<number>()
  const file = own.getSourceFile()
  function add(position: number): void {
    lines.add(file.getLineAndCharacterOfPosition(position).line)
  }
  function collect(node: ts.Node): void {
    const inner = node !== own && isFunction(node)
    const parts = inner ? [] : node.getChildren(file).filter((part) => !ts.isJSDoc(part))
    for (const part of parts) collect(part)
    if (parts.length > 0 || node.getWidth(file) === 0) return
    add(node.getStart(file))
    if (!inner) add(node.getEnd())
  }
  collect(own)
  return lines.size
}
