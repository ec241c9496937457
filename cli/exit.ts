/** What the process ends with; documented in the help of each command. */
export const exitCode = {
  done: 0,
  /** It could not be done; the reason was printed. */
  failed: 1,
  /** `plan`: there are changes to make. */
  changes: 2,
  /** `up --once`: nothing more can be done now, and the park is not as wanted. */
  blocked: 3,
  /** `simulate`: a rule of ours was broken. */
  violated: 4,
  /** The command line itself is wrong (EX_USAGE of sysexits.h). */
  usage: 64,
  /** Ended by a second Ctrl-C, as a shell reports SIGINT. */
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCode)[keyof typeof exitCode]
