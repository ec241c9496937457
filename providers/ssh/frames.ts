/**
 * Reads what our shell programs print. Each program is given a boundary of 128 random bits that nothing it runs can know in
 * advance; a line that starts with it is ours:
 *
 *   BOUNDARY say WORD WORD …            a message
 *   BOUNDARY begin NAME                 then any bytes, then a line break, then
 *   BOUNDARY end NAME EXITCODE
 *
 * The line break before `end` belongs to the frame, so that a section's bytes come out exactly as they went in. Lines
 * outside sections that are not ours (a login banner, a shell's complaint) are kept apart as noise.
 */
export type Section = {
  readonly name: string
  readonly bytes: Uint8Array
  readonly text: string
  readonly exitCode: number
  /** When its `begin` line arrived, by the clock given to the reader. */
  readonly begunAt: number
}

export type FrameEvents = {
  readonly section?: (section: Section) => void
  readonly say?: (words: readonly string[]) => void
}

export type FrameReader = {
  push(chunk: Uint8Array): void
  sections(): ReadonlyMap<string, Section>
  /** The section that was begun and not ended when the output stopped. */
  unfinished(): string | undefined
  noise(): string
}

const lineFeed = 0x0a

/** A section larger than `limitBytes` is cut there and has the exit code -1: its end is not what was printed. */
export function frameReader(
  boundary: string,
  now: () => number,
  events: FrameEvents,
  limitBytes: number,
): FrameReader {
  const mark = Buffer.from(`${boundary} `)
  const sections = new Map<string, Section>()
  const noise: Buffer[] = []
  let noiseSize = 0
  let pending: Buffer[] = []
  let open: { name: string; begunAt: number; lines: Buffer[]; size: number } | undefined

  function line(bytes: Buffer): void {
    if (bytes.length >= mark.length && bytes.subarray(0, mark.length).equals(mark)) {
      control(bytes.subarray(mark.length).toString('utf8').split(' '))
      return
    }
    if (open !== undefined) {
      open.size += bytes.length + 1
      if (open.size <= limitBytes) open.lines.push(bytes)
      return
    }
    if (noiseSize < 4096) {
      noise.push(bytes)
      noiseSize += bytes.length + 1
    }
  }

  function control(words: readonly string[]): void {
    const [keyword, ...rest] = words
    if (keyword === 'say') events.say?.(rest)
    else if (keyword === 'begin') open = { name: rest[0] ?? '', begunAt: now(), lines: [], size: 0 }
    else if (keyword === 'end' && open !== undefined && open.name === rest[0]) end(open, Number(rest[1]))
  }

  function end(ended: NonNullable<typeof open>, exitCode: number): void {
    open = undefined
    const bytes = joinLines(ended.lines)
    const section: Section = {
      name: ended.name,
      bytes,
      text: bytes.toString('utf8'),
      exitCode: ended.size > limitBytes ? -1 : exitCode,
      begunAt: ended.begunAt,
    }
    sections.set(section.name, section)
    events.section?.(section)
  }

  return {
    push(chunk) {
      let rest = Buffer.from(chunk)
      for (let at = rest.indexOf(lineFeed); at >= 0; at = rest.indexOf(lineFeed)) {
        const complete = rest.subarray(0, at)
        rest = rest.subarray(at + 1)
        line(pending.length === 0 ? complete : Buffer.concat([...pending, complete]))
        pending = []
      }
      if (rest.length > 0) pending.push(rest)
    },
    sections: () => sections,
    unfinished: () => open?.name,
    noise: () => joinLines(noise).toString('utf8'),
  }
}

function joinLines(lines: readonly Buffer[]): Buffer {
  const parts: Buffer[] = []
  for (const [index, bytes] of lines.entries()) {
    if (index > 0) parts.push(Buffer.from([lineFeed]))
    parts.push(bytes)
  }
  return Buffer.concat(parts)
}
