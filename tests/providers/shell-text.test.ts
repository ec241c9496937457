import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import fc from 'fast-check'
import { capped } from '../../providers/ssh/capped.ts'
import { frameReader, type Section } from '../../providers/ssh/frames.ts'
import { observationProgram } from '../../providers/ssh/program.ts'
import { quote, writeFile } from '../../providers/ssh/quote.ts'

const anyText = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom(...'\'"\\$`!\n\r\t *?[]{}();&|<>~#-é') }),
  )
  .filter((text) => !text.includes('\0'))

/** Reports the seed of a failure; a lone surrogate becomes U+FFFD on its way through any pipe. */
const check = (property: Parameters<typeof fc.assert>[0], numRuns: number): void =>
  void fc.assert(property, { numRuns, verbose: true })

test('any text survives being quoted for the shell', (t) => {
  check(
    fc.property(fc.array(anyText, { maxLength: 20 }), (texts) => {
      const program = texts.map((text) => `printf '%s\\0' ${quote(text)}`).join('\n')
      const output = execFileSync('setsid', ['-w', 'sh'], { input: program }).toString('utf8')
      const expected = texts.map((text) => `${Buffer.from(text).toString('utf8')}\0`).join('')
      if (output !== expected) throw new Error(`${JSON.stringify(output)} is not ${JSON.stringify(expected)}`)
    }),
    200,
  )
  t.throws(() => quote('a\0b'), { instanceOf: RangeError })
})

test('any bytes survive the here-document that writes a file', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'proviseur-quote-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  check(
    fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
      execFileSync('sh', { input: `w() {\n${writeFile(quote(join(folder, 'a file')), bytes)}\n}\nw\n` })
      if (!readFileSync(join(folder, 'a file')).equals(bytes)) throw new Error('other bytes')
    }),
    50,
  )
  t.pass()
})

test('a program of probes gives back each one’s bytes and exit code, however it is cut into chunks', (t) => {
  const section = fc.record({
    bytes: fc.uint8Array({ maxLength: 300 }),
    exitCode: fc.integer({ min: 0, max: 255 }),
  })
  check(
    fc.property(fc.array(section, { maxLength: 5 }), fc.integer({ min: 1, max: 64 }), (wanted, chunk) => {
      const probes = wanted.map(({ bytes, exitCode }, index) => ({
        driver: 'test',
        probe: {
          name: `part-${index}`,
          sh: `p() {\n${writeFile('/dev/fd/1', bytes).replace(' > /dev/fd/1', '')}\n}\np; exit ${exitCode}`,
        },
      }))
      const program = observationProgram(probes, 'mark-0123', { state: '/nowhere', run: '/nowhere' }, 60_000)
      const output = execFileSync('setsid', ['-w', 'sh'], { input: program })
      const found: Section[] = []
      const reader = frameReader('mark-0123', () => 7, { section: (one) => found.push(one) }, 1 << 20)
      for (let at = 0; at < output.length; at += chunk) reader.push(output.subarray(at, at + chunk))
      const got = found.map(({ name, bytes, exitCode }) => [
        name,
        Buffer.from(bytes).toString('hex'),
        exitCode,
      ])
      const expected = wanted.map(({ bytes, exitCode }, index) => [
        `test/part-${index}`,
        Buffer.from(bytes).toString('hex'),
        exitCode,
      ])
      if (JSON.stringify(got) !== JSON.stringify(expected)) throw new Error(JSON.stringify({ got, expected }))
    }),
    40,
  )
  t.pass()
})

test('a program that was cut off anywhere on the way does nothing', (t) => {
  const probes = [{ driver: 'test', probe: { name: 'trace', sh: 'echo ran' } }]
  const program = observationProgram(probes, 'mark', { state: '/nowhere', run: '/nowhere' }, 60_000)
  const end = program.lastIndexOf('main </dev/null')
  for (const length of [10, Math.floor(end / 2), end - 30, end - 2, end, end + 3]) {
    const output = execFileSync('sh', ['-c', 'sh 2>/dev/null; :'], { input: program.slice(0, length) })
    t.is(output.toString('utf8'), '', `${length} of ${program.length} bytes`)
  }
  t.true(execFileSync('setsid', ['-w', 'sh'], { input: program }).toString('utf8').includes('ran'))
})

test('a line that looks like a frame of another program is only output', (t) => {
  const reader = frameReader('mark-1', () => 0, {}, 1 << 20)
  reader.push(
    Buffer.from(
      'Welcome!\nmark-1 begin a\nmark-2 end a 0\nmark-1 end b 0\n\nmark-1 end a 3\nmark-1 begin c\nhalf',
    ),
  )
  t.deepEqual(
    [...reader.sections()].map(([name, { text, exitCode }]) => [name, text, exitCode]),
    [['a', 'mark-2 end a 0\n', 3]],
  )
  t.is(reader.unfinished(), 'c')
  t.is(reader.noise(), 'Welcome!')
})

test('a section beyond its limit is marked as cut', (t) => {
  const reader = frameReader('m', () => 0, {}, 10)
  reader.push(Buffer.from('m begin a\n12345\n67890\nabc\n\nm end a 0\n'))
  t.is(reader.sections().get('a')?.exitCode, -1)
})

test('what is kept of an output is never more than allowed, and is its head and its tail', (t) => {
  check(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 40 })),
      fc.integer({ min: 2, max: 60 }),
      (chunks, limit) => {
        const output = capped(limit)
        for (const chunk of chunks) output.push(chunk.map((byte) => 97 + (byte % 26)))
        const all = Buffer.concat(chunks.map((chunk) => chunk.map((byte) => 97 + (byte % 26)))).toString()
        const dropped = Math.max(0, all.length - limit)
        const [head = '', , tail = ''] = dropped === 0 ? [all] : output.text().split('\n')
        if (output.droppedBytes() !== dropped) throw new Error(`${output.droppedBytes()} dropped`)
        if (dropped === 0 ? output.text() !== all : !all.startsWith(head) || !all.endsWith(tail))
          throw new Error('lost')
        if (dropped > 0 && head.length + tail.length !== limit) throw new Error('not as much as allowed')
      },
    ),
    300,
  )
  t.pass()
})
