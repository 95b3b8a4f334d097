import { homedir, hostname } from 'node:os'

/** The machine and process a node finds itself in, handed in so that every platform can be tested. */
export interface Environment {
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  readonly platform: NodeJS.Platform
  readonly pid: number
  /** The process that started this one; a change means that it has died. */
  readonly parentPid: number
  /** The OS user, or undefined where the system has no such number. */
  readonly userId: number | undefined
  readonly hostName: string
  readonly homeDirectory: string
}

/** What the running process finds itself in. Only entry points call this. */
export function environmentOf(running: NodeJS.Process): Environment {
  return {
    variables: running.env,
    workingDirectory: running.cwd(),
    platform: running.platform,
    pid: running.pid,
    parentPid: running.ppid,
    userId: running.getuid?.(),
    hostName: hostname(),
    homeDirectory: homedir(),
  }
}
