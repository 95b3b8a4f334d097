import { importsOf, isCode, type Rule, resolveImport, roomOf, type SourceText } from './source.ts'

/** Which rooms a room may import, itself included. Tests may import anything. */
const doors: Readonly<Record<string, readonly string[]>> = {
  state: ['state'],
  mesh: ['mesh', 'state'],
  mcp: ['mcp', 'mesh', 'state'],
  cli: ['cli', 'mesh', 'state'],
  dashboard: ['dashboard', 'mesh', 'state'],
  'dashboard/src': ['dashboard/src', 'state'],
}

/** Doors for one file alone, open only to a dynamic import. */
const lazyDoors: Readonly<Record<string, readonly string[]>> = {
  'cli/main.ts': ['mcp/main.ts', 'dashboard/serve.ts'],
}

/** Rooms import only through their doors, and name the file they import, so that it can be read. */
export const doorsAreKept: Rule = (files) =>
  files.flatMap((file) => {
    const [path] = file
    const allowed = doors[roomOf(path) ?? '']
    if (!allowed || !isCode(path)) return []
    return importsOf(file).flatMap(({ specifier, readable, lazy }) => {
      if (!readable) return [`${path} may not compute what it imports: ${specifier}`]
      const target = resolveImport(path, specifier)
      // The package's own description belongs to no room.
      if (target === undefined || target === 'package.json') return []
      if (allowed.includes(roomOf(target) ?? '')) return []
      if (lazy && lazyDoors[path]?.includes(target)) return []
      return [`${path} may not import ${specifier}`]
    })
  })

/** No file imports itself through others, not even for its types: one of the two is not clear yet. */
export const noCycles: Rule = (files) => {
  const targetsByPath = new Map(files.filter(([path]) => isCode(path)).map(targets))
  const finished = new Set<string>()
  const cycles: string[] = []
  function visit(path: string, trail: readonly string[]): void {
    const start = trail.indexOf(path)
    if (start !== -1) cycles.push([...trail.slice(start), path].join(' -> '))
    if (start !== -1 || finished.has(path)) return
    for (const target of targetsByPath.get(path) ?? []) visit(target, [...trail, path])
    finished.add(path)
  }
  for (const path of targetsByPath.keys()) visit(path, [])
  return cycles
}

function targets(file: SourceText): [path: string, targets: string[]] {
  const resolved = importsOf(file).map(({ specifier }) => resolveImport(file[0], specifier))
  return [file[0], resolved.filter((target) => target !== undefined)]
}
