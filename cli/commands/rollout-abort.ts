import { orders } from '../rollout-order.ts'

export const run = orders('abort')
