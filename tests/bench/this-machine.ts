import { availableParallelism, cpus, release, totalmem } from 'node:os'

/** In words, for the page: what the figures were measured on. */
export function thisMachine(): string {
  const model = cpus()[0]?.model.trim() || 'an unnamed processor'
  const memoryGiB = Math.round(totalmem() / 2 ** 30)
  const [major, minor] = release().split('.')
  return `${availableParallelism()} cores of ${model}, ${memoryGiB} GiB of memory, Linux ${major}.${minor}, Node ${process.versions.node}`
}
