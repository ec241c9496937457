import { readFile } from 'node:fs/promises'

/** Linux counts in hundredths of a second, whatever its own clock does (`USER_HZ`). */
const tickMs = 10

/** CPU time that a process took, and what those took that it waited for (proc(5): fields 14 to 17 of `stat`). */
export function cpuOf(stat: string): number {
  const [user, system, userOfChildren, systemOfChildren] = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(11, 15)
    .map(Number)
  return ((user ?? 0) + (system ?? 0) + (userOfChildren ?? 0) + (systemOfChildren ?? 0)) * tickMs
}

/** Of a process on this machine, with all its threads. */
export const cpuOfProcess = async (pid: number): Promise<number> =>
  cpuOf(await readFile(`/proc/${pid}/stat`, 'utf8'))
