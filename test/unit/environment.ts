import type { Environment } from '../../mesh/environment.ts'

/** An environment that is nobody's, with what a test wants to be different. */
export function environmentOf(different: Partial<Environment> = {}): Environment {
  return {
    variables: {},
    workingDirectory: '/somewhere',
    platform: 'linux',
    pid: 100,
    parentPid: 99,
    userId: process.getuid?.(),
    hostName: 'machine',
    homeDirectory: '/somewhere/of/mine',
    ...different,
  }
}
