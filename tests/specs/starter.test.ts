import { fileURLToPath } from 'node:url'
import test from 'ava'
import { compile } from '../../specs/compile.ts'
import { belongsToPark } from '../../specs/files.ts'
import { readFolder } from '../../specs/read-folder.ts'
import { starterFiles } from '../../specs/starter.ts'

for (const locale of ['en', 'fr'] as const) {
  test(`the starter park in ${locale} compiles without a warning, and every spec names its schema`, (t) => {
    const written = starterFiles(locale)
    const files = new Map(
      [...written]
        .filter(([path]) => belongsToPark(path))
        .map(([path, text]) => [path, new TextEncoder().encode(text)]),
    )
    const { desired, diagnostics } = compile(files)
    t.deepEqual(diagnostics, [])
    t.is(desired?.machines.size, 2)
    for (const [path, text] of written) {
      if (!path.endsWith('.yaml')) continue
      const schema = /^# yaml-language-server: \$schema=(\S+)$/m.exec(text)?.[1] ?? ''
      t.true(written.has(new URL(schema, `file:///${path}`).pathname.slice(1)), `${path}: ${schema}`)
    }
  })
}

test('the example park compiles without a warning', async (t) => {
  const { desired, diagnostics } = compile(
    await readFolder(fileURLToPath(new URL('../../examples/one-room/', import.meta.url))),
  )
  t.deepEqual(diagnostics, [])
  t.is(desired?.machines.size, 6)
  t.is(desired?.sites.size, 1)
})
