import { describeGroup } from './describe.ts'
import type { Group } from './entry.ts'
import { interveneGroup } from './intervene.ts'
import { keepGroup } from './keep.ts'

/** Every command, in the order of the help. */
export const catalogue: readonly Group[] = [describeGroup, keepGroup, interveneGroup]
