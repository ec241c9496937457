/** Who has typed the PIN: a cookie for an hour, kept in memory only. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Instant } from '../../reconciler/model/ids.ts'

export type ResetSession = { readonly id: string; readonly formToken: string; readonly until: Instant }

export type ResetSessions = {
  open(now: Instant): ResetSession
  find(cookies: string | undefined, now: Instant): ResetSession | undefined
  close(id: string): void
}

export const sessionMs = 3_600_000
const cookieName = 'proviseur-reset'
/** More than a lycée has teachers; the oldest gives way. */
const most = 500

export function createResetSessions(): ResetSessions {
  const sessions = new Map<string, ResetSession>()
  return {
    open(now) {
      for (const [id, { until }] of sessions) if (until <= now) sessions.delete(id)
      const oldest = sessions.size >= most ? sessions.keys().next().value : undefined
      if (oldest !== undefined) sessions.delete(oldest)
      const session = { id: secret(), formToken: secret(), until: now + sessionMs }
      sessions.set(session.id, session)
      return session
    },
    find(cookies, now) {
      // Found by a hash table, which is as good as constant time for 256 random bits.
      const session = sessions.get(cookie(cookies, cookieName) ?? '')
      return session !== undefined && session.until > now ? session : undefined
    },
    close: (id) => void sessions.delete(id),
  }
}

/** Not `Secure`: the page is served inside the lycée, without a certificate. */
export const sessionCookie = (id: string): string =>
  `${cookieName}=${id}; Path=/reset; Max-Age=${sessionMs / 1000}; HttpOnly; SameSite=Strict`

export const endedCookie = `${cookieName}=; Path=/reset; Max-Age=0; HttpOnly; SameSite=Strict`

export const isFormToken = (session: ResetSession, given: string | null): boolean => {
  const [a, b] = [Buffer.from(session.formToken), Buffer.from(given ?? '')]
  return a.length === b.length && timingSafeEqual(a, b)
}

export const cookie = (header: string | undefined, name: string): string | undefined =>
  header
    ?.split(';')
    .map((one) => one.trim())
    .find((one) => one.startsWith(`${name}=`))
    ?.slice(name.length + 1)

const secret = (): string => randomBytes(32).toString('base64url')
