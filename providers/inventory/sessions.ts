/** Understands sessions.sh. */
import type { Session } from '../../reconciler/model/observed.ts'

/** Undefined: the text is not sessions.sh's. */
export function parseSessions(text: string): readonly Session[] | undefined {
  const parts = new Map<string, string>()
  for (const part of text.split(/^source /m).slice(1)) {
    const end = part.indexOf('\n')
    parts.set(part.slice(0, end), part.slice(end + 1))
  }
  const logind = parts.get('logind')
  if (logind !== undefined) return parseLogind(logind)
  const who = parts.get('who')
  if (who === undefined) return undefined
  const sessions = parseWho(who)
  const seen = new Set(sessions.map((session) => session.terminal))
  return [
    ...sessions,
    ...parseTerminals(parts.get('terminals') ?? '').filter(({ terminal }) => !seen.has(terminal)),
  ]
}

/** Blocks of `Property=value`. Of class `user`, not closing, at a terminal or a desktop: not the greeter, not cron, not our connection. */
function parseLogind(text: string): readonly Session[] {
  return text.split(/\n\s*\n/).flatMap((block) => {
    const values = new Map(
      block.split('\n').map((line) => {
        const at = line.indexOf('=')
        return [line.slice(0, at), line.slice(at + 1)] as const
      }),
    )
    const user = values.get('Name') ?? ''
    const terminal = values.get('TTY') || values.get('Display') || ''
    const desktop = ['x11', 'wayland', 'mir'].includes(values.get('Type') ?? '')
    const open = (values.get('Class') ?? '').startsWith('user') && values.get('State') !== 'closing'
    if (user === '' || !open || (terminal === '' && !desktop)) return []
    return [session(user, terminal === '' ? (values.get('Type') ?? '') : terminal, values.get('Timestamp'))]
  })
}

/** `USER TERMINAL YYYY-MM-DD HH:MM …`, in UTC. In the C locale `who` prints no year: then there is no `since`. */
function parseWho(text: string): readonly Session[] {
  return text.split('\n').flatMap((line) => {
    const match = /^(\S+)\s+(?:[+-]\s+)?(\S+)\s+(\d{4}-\d\d-\d\d \d\d:\d\d)?/.exec(line)
    return match?.[1] === undefined || match[2] === undefined ? [] : [session(match[1], match[2], match[3])]
  })
}

/** `USER MAJOR MINOR` of a terminal's device: 136 to 143 are pts, 4 are consoles (Linux, Documentation/admin-guide/devices.txt). */
function parseTerminals(text: string): readonly Session[] {
  const sessions = new Map<string, Session>()
  for (const line of text.split('\n')) {
    const [user, major, minor] = line.split(' ')
    if (user === undefined || user === '' || minor === undefined) continue
    const kind = Number(major)
    const terminal =
      kind >= 136 && kind <= 143
        ? `pts/${(kind - 136) * 256 + Number(minor)}`
        : kind === 4 && Number(minor) < 64
          ? `tty${minor}`
          : undefined
    if (terminal !== undefined) sessions.set(`${user} ${terminal}`, { user, terminal })
  }
  return [...sessions.values()]
}

function session(user: string, terminal: string, since: string | undefined): Session {
  const match = /(\d{4}-\d\d-\d\d) (\d\d:\d\d(?::\d\d)?)/.exec(since ?? '')
  const at = match === null ? Number.NaN : Date.parse(`${match[1]}T${match[2]}Z`)
  return Number.isNaN(at) ? { user, terminal } : { user, terminal, since: at }
}
