/** Measures Proviseur and writes docs/benchmarks.md; started by bin/bench. Sections fail one by one, by name, and then nothing is written. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { besideAnsible } from './beside-ansible.ts'
import { type ImagingSection, imagingSections, measureImaging } from './imaging/imaging-figures.ts'
import { type Figures, page } from './page.ts'
import { measurePark, type ParkFigures, type Section } from './park-figures.ts'
import { measureRegion } from './region/region-figures.ts'
import { thisMachine } from './this-machine.ts'

const help = `bin/bench [--only SECTION]... [--pcs NUMBER]... [--small]
  without options: measures everything and writes docs/benchmarks.md (about half an hour; needs root, 8 GB of memory and 40 GB of disk)
  --only check | plan | loop | region | ansible | imaging   only that; prints the page and leaves the file alone
  --only store | restore | memory | links          only that part of imaging; the same
  --pcs NUMBER   a park of so many PCs instead of 1,500, 15,000 and 150,000; the same
  --small        images of half a gigabyte, to try the measuring itself; the same`

const file = join(import.meta.dirname, '../../docs/benchmarks.md')
const parkSections: readonly Section[] = ['check', 'plan', 'loop']

const started = performance.now()
const tell = (line: string): void => {
  const minutes = ((performance.now() - started) / 60_000).toFixed(1)
  process.stderr.write(`${minutes.padStart(5)} min  ${line}\n`)
}

process.exitCode = await main()

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string', multiple: true },
      pcs: { type: 'string', multiple: true },
      small: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) {
    console.log(help)
    return 0
  }
  const only = (values.only ?? [...parkSections, 'region', 'ansible', 'imaging']).flatMap(
    (name): readonly string[] => (name === 'imaging' ? imagingSections : [name]),
  )
  const sizes = (values.pcs ?? ['1500', '15000', '150000']).map(Number).sort((a, b) => a - b)
  const known: readonly string[] = [...parkSections, 'region', 'ansible', ...imagingSections]
  if (
    only.some((name) => !known.includes(name)) ||
    sizes.some((size) => !Number.isInteger(size) || size < 1)
  ) {
    console.error(help)
    return 64
  }
  const sections = new Set(parkSections.filter((name) => only.includes(name)))
  const parks: ParkFigures[] = []
  if (sections.size > 0)
    for (const size of sizes)
      parks.push(await named(`park of ${size} PCs`, () => measurePark(size, sections, tell)))
  const region = only.includes('region')
    ? await named('region', () =>
        measureRegion(
          sizes.map((size) => size / 15_000),
          tell,
        ),
      )
    : undefined
  const ansible = only.includes('ansible') ? await named('ansible', () => besideAnsible(3, tell)) : undefined
  const parts = new Set<ImagingSection>(imagingSections.filter((name) => only.includes(name)))
  const imaging =
    parts.size > 0
      ? await named('imaging', () => measureImaging(parts, values.small ?? false, tell))
      : undefined
  const figures: Figures = {
    machine: thisMachine(),
    parks,
    ...(region ? { region } : {}),
    ...(ansible ? { ansible } : {}),
    ...(imaging ? { imaging } : {}),
  }
  if (values.only ?? values.pcs ?? values.small) console.log(page(figures))
  else await writeFile(file, page(figures))
  tell('done')
  return 0
}

/** Whoever reads the error knows which section it came from. */
async function named<T>(section: string, work: () => Promise<T>): Promise<T> {
  tell(section)
  try {
    return await work()
  } catch (error) {
    throw new Error(`the section “${section}” failed; docs/benchmarks.md is left as it was`, { cause: error })
  }
}
