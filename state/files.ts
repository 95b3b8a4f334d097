import { posix, win32 } from 'node:path'

/** Files that one peer may hold at once. */
export const filesMax = 200
/** Longest path of such a file, in characters. */
export const fileCharactersMax = 512

/** From where a path is to be read. */
export interface FilePlace {
  /** Where the session works: absolute. */
  readonly cwd: string
  /** The top of the work tree; absent outside of a repository. */
  readonly root?: string
  readonly isWindows: boolean
}

/** A file that two peers have in hand. */
export interface FileConflict<Peer> {
  readonly file: string
  readonly peer: Peer
}

/**
 * One text for one file of a repository, whatever clone or work tree it is in: relative to its top,
 * with slashes. What lies outside stays absolute.
 */
export function normaliseFile(path: string, { cwd, root, isWindows }: FilePlace): string {
  const { resolve, relative, isAbsolute } = isWindows ? win32 : posix
  const absolute = resolve(cwd, path)
  const inside = root === undefined ? absolute : relative(root, absolute)
  const isOutside = inside === '..' || inside.startsWith('../') || inside.startsWith('..\\')
  const found = isOutside || isAbsolute(inside) ? absolute : inside
  return isWindows ? found.replaceAll('\\', '/') : found
}

/** The files that others have in hand as well, in the order of ours. */
export function conflictsOf<Peer>(
  own: readonly string[],
  others: readonly { readonly peer: Peer; readonly files: readonly string[] }[],
): readonly FileConflict<Peer>[] {
  return own.flatMap((file) =>
    others.filter(({ files }) => files.includes(file)).map(({ peer }) => ({ file, peer })),
  )
}
