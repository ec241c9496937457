/** The mutants themselves take long, and are tried by `bin/test --all`; that the code has not overtaken them is seen at once. */
import { readFile } from 'node:fs/promises'
import test from 'ava'
import { mutants } from './mutants.ts'

for (const { name, file, from } of mutants)
  test(`there is still something to break for “${name}”`, async (t) => {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), 'utf8')
    t.is(text.split(from).length - 1, 1, `${file} has it not once`)
  })
