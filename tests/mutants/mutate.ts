/** Preloaded by Node: gives one file of the project another text as it is loaded. MUTANT names which. */
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { mutants } from './mutants.ts'

const name = process.env['MUTANT']
const mutant = mutants.find((one) => one.name === name)
if (mutant === undefined) throw new Error(`there is no mutant ${name}`)
const { file, from, to } = mutant
const target = fileURLToPath(new URL(`../../${file}`, import.meta.url))

registerHooks({
  load: (url, context, nextLoad) => {
    const loaded = nextLoad(url, context)
    if (!url.startsWith('file:') || fileURLToPath(url) !== target) return loaded
    const text =
      loaded.source === undefined || loaded.source === null
        ? ''
        : Buffer.from(loaded.source as Uint8Array).toString()
    const parts = text.split(from)
    if (parts.length !== 2)
      throw new Error(`${file} has the text of the mutant “${name}” ${parts.length - 1} times`)
    return { ...loaded, source: parts.join(to) }
  },
})
