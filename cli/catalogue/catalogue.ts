import { describeGroup } from './describe.ts'
import { diskGroup } from './disk.ts'
import type { Group } from './entry.ts'
import { imageGroup } from './image.ts'
import { interveneGroup } from './intervene.ts'
import { keepGroup } from './keep.ts'
import { rolloutGroup } from './rollout.ts'

/** Every command, in the order of the help. */
export const catalogue: readonly Group[] = [
  describeGroup,
  keepGroup,
  rolloutGroup,
  imageGroup,
  diskGroup,
  interveneGroup,
]
