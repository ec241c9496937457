/** PCs that were called, by magic packets, and did not come. */
import { changeKey } from './diff.ts'
import type { PowerChange } from './model/change.ts'
import type { Reason } from './model/reason.ts'

export const wakeUp: PowerChange = { facet: 'power', item: 'wake', from: 'off', to: 'up', effect: 'quiet' }

/** Whatever it was called for: calling it again comes to the same until somebody has seen to its socket, its cable or its firmware. */
export const callingKey = changeKey(wakeUp)

/** As providers/ssh says it of a PC that was woken, and providers/imaging of one that was woken into the imager. */
const codes: ReadonlySet<string> = new Set(['did-not-wake', 'imager-not-started'])

export const isNoShow = ({ code }: Reason): boolean => codes.has(code)
