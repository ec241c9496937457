/** How fast a PC of the lab can be, asked once for each process with the kernel of the lab's own images. */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Accelerator, findAccelerator } from '../../../providers/imaging/trial/accelerator.ts'

export type { Accelerator }

/** The kernel of the last test image that was built; until there is one, nothing can be asked. */
export const PROBE_KERNEL = fileURLToPath(new URL('../../../.lab/vm/probe-kernel', import.meta.url))

let known: Promise<Accelerator> | undefined

export function accelerator(): Promise<Accelerator> {
  if (!existsSync(PROBE_KERNEL)) return findAccelerator(undefined)
  known ??= findAccelerator(PROBE_KERNEL)
  return known
}
