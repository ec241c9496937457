import test, { type ExecutionContext } from 'ava'
import { createPinAttempts, defaultPinLimits, pinMatches } from '../../providers/imaging/pin-attempts.ts'
import type { ResetDesk, ResetMachine, ResetRoom } from '../../providers/imaging/reset-desk.ts'
import { resetRoutes } from '../../providers/imaging/reset-page.ts'
import { preferredLocale } from '../../providers/imaging/reset-words.ts'
import { createVirtualClock } from '../../providers/simulated/clock.ts'
import { say } from '../../specs/text.ts'
import { serve } from './served.ts'
import { fields, hiddenFields, visitor } from './visitor.ts'

const now = Date.parse('2026-11-23T13:05:00Z')

const b204: readonly ResetMachine[] = [
  { id: 'victor-hugo/b204-01', name: 'b204-01', state: { kind: 'ready' }, lastResetAt: now - 86_400_000 },
  { id: 'victor-hugo/b204-02', name: 'b204-02', state: { kind: 'running', share: 0.426, leftMs: 130_000 } },
  { id: 'victor-hugo/b204-03', name: 'b204-03', state: { kind: 'asked', at: now - 60_000 } },
  {
    id: 'victor-hugo/b204-04',
    name: 'b204-04',
    state: { kind: 'failed', message: say('The disk is dying.', 'Le disque est en fin de vie.') },
  },
]

const rooms: readonly ResetRoom[] = [
  { id: 'victor-hugo/b204', title: 'B204 <Sciences> & "Co"', machines: b204 },
  {
    id: 'victor-hugo/cdi',
    title: 'CDI',
    machines: [{ id: 'victor-hugo/cdi-01', name: 'cdi-01', state: { kind: 'ready' } }],
  },
]

type Asked = { readonly machines: readonly string[]; readonly who: string }

async function page(t: ExecutionContext, more: Partial<ResetDesk> = {}) {
  const asked: Asked[] = []
  const clock = createVirtualClock(now)
  const desk: ResetDesk = {
    rooms: async () => rooms,
    request: async (machines, who) => {
      asked.push({ machines, who })
    },
    pinIsRight: async (pin) => pinMatches('4711', pin),
    ...more,
  }
  const { baseUrl } = await serve(t, [
    resetRoutes({
      desk,
      clock,
      lycee: 'Lycée Victor Hugo',
      timezone: 'Europe/Paris',
      locale: 'fr',
      limits: { ...defaultPinLimits, perAddress: 3, inAll: 5 },
    }),
  ])
  return { baseUrl, asked, clock }
}

async function loggedIn(baseUrl: string, headers: Record<string, string> = {}) {
  const browser = visitor(baseUrl, headers)
  const seen = await browser.go('/reset/login', fields({ pin: ' 4711 ' }))
  return { ...browser, seen }
}

test('a teacher has one PC reset: PIN, room, confirmation, name', async (t) => {
  const { baseUrl, asked } = await page(t)
  const browser = visitor(baseUrl)
  const start = await browser.go('/reset')
  t.is(start.status, 200)
  t.regex(start.html, /<html lang="fr">/)
  t.notRegex(start.html, /b204-01/, 'without the PIN nothing is shown')
  const list = await browser.go('/reset/login', fields({ pin: '4711' }))
  t.is(list.status, 200)
  t.regex(list.html, /B204 &lt;Sciences&gt; &amp; &quot;Co&quot;/)
  t.notRegex(list.html, /<Sciences>/)
  t.regex(list.html, /En ordre/)
  t.regex(list.html, /dernière remise en état : dimanche 22 novembre à 14:05/)
  t.regex(list.html, /Remise en état en cours, 42 %, encore 3 min environ/)
  t.regex(list.html, /Remise en état demandée \(14:04\)/)
  t.regex(list.html, /Échec de la remise en état : Le disque est en fin de vie\./)
  const confirm = await browser.go('/reset/confirm?machine=victor-hugo%2Fb204-01')
  t.regex(confirm.html, /Remettre en état b204-01 \?/)
  t.deepEqual(asked, [], 'to look at the confirmation asks for nothing')
  const form = hiddenFields(confirm.html, '/reset/ask')
  form.set('who', 'Mme  Durand\n')
  const done = await browser.go('/reset/ask', form)
  t.regex(done.html, /La remise en état est demandée\./)
  t.deepEqual(asked, [{ machines: ['victor-hugo/b204-01'], who: 'reset page, 127.0.0.1, "Mme Durand"' }])
})

test('a room: those of its PCs that are not being reset already', async (t) => {
  const { baseUrl, asked } = await page(t)
  const { go, seen } = await loggedIn(baseUrl)
  t.regex(seen.html, /<button name="room" value="victor-hugo\/b204">/)
  t.notRegex(seen.html, /<button[^>]*value="victor-hugo\/b204-0[23]"/)
  const confirm = await go('/reset/confirm?room=victor-hugo%2Fb204')
  await go('/reset/ask', hiddenFields(confirm.html, '/reset/ask'))
  t.deepEqual(asked, [
    { machines: ['victor-hugo/b204-01', 'victor-hugo/b204-04'], who: 'reset page, 127.0.0.1' },
  ])
})

test('the language is the browser’s, until the reader switches', async (t) => {
  const { baseUrl } = await page(t)
  const english = await loggedIn(baseUrl, { 'accept-language': 'de, en-GB;q=0.8, fr;q=0.5' })
  t.regex(english.seen.html, /<html lang="en">/)
  t.regex(english.seen.html, /Being reset, 42%, about 3 min left/)
  t.regex(english.seen.html, /<a href="\/reset\?lang=fr" lang="fr" hreflang="fr">Français<\/a>/)
  t.regex((await english.go('/reset?lang=fr')).html, /<html lang="fr">/)
  t.regex((await english.go('/reset')).html, /<html lang="fr">/, 'it stays')
  t.is(preferredLocale('fr;q=0, en', 'fr'), 'en')
  t.is(preferredLocale(undefined, 'fr'), 'fr')
  t.is(preferredLocale('de', 'en'), 'en')
})

test('every page has a title, labelled fields, headings, and only its own style and script', async (t) => {
  const { baseUrl } = await page(t)
  const first = await visitor(baseUrl).go('/reset')
  const { go, seen } = await loggedIn(baseUrl)
  for (const { html, headers } of [first, seen, await go('/reset/confirm?room=victor-hugo%2Fb204')]) {
    t.regex(html, /^<!doctype html>\n<html lang="fr">/)
    t.regex(html, /<title>[^<]+<\/title>/)
    t.regex(html, /<meta name="viewport" content="width=device-width, initial-scale=1">/)
    t.is([...html.matchAll(/<h1>/g)].length, 1)
    for (const [, id] of html.matchAll(/<input id="([^"]+)"/g)) t.true(html.includes(`<label for="${id}">`))
    for (const [tag] of html.matchAll(/<progress[^>]*>/g)) t.regex(tag, /aria-label="/)
    const policy = headers.get('content-security-policy') ?? ''
    const [, nonce = 'none'] = /script-src 'nonce-([^']+)'/.exec(policy) ?? []
    t.regex(policy, /^default-src 'none';/)
    for (const [tag] of html.matchAll(/<(?:script|style)[^>]*>/g))
      t.true(tag.includes(`nonce="${nonce}"`), tag)
    t.notRegex(html, /<[^>]+ (?:on\w+|style)=/)
    t.is(headers.get('cache-control'), 'no-store')
  }
  const tags: string[] = []
  for (const [, close, name = ''] of seen.html.matchAll(/<(\/?)([a-z0-9]+)[^>]*>/g)) {
    if (['meta', 'input', 'br', 'p', 'li'].includes(name)) continue
    if (close !== '/') tags.push(name)
    else t.is(tags.pop(), name, 'elements are closed in their order')
  }
  t.deepEqual(tags, [])
})

test('the PIN can be guessed a few times only, from one address and from all', async (t) => {
  const { baseUrl, clock } = await page(t)
  const browser = visitor(baseUrl)
  for (const pin of ['0000', '0001', ''])
    t.is((await browser.go('/reset/login', fields({ pin }))).status, 403)
  const refused = await browser.go('/reset/login', fields({ pin: '4711' }))
  t.is(refused.status, 429)
  t.is(refused.headers.get('retry-after'), '900')
  t.regex(refused.html, /Réessayez à partir de 14:20/)
  t.is(browser.cookies.size, 0)
  await clock.pass(900_001)
  t.is((await browser.go('/reset/login', fields({ pin: '4711' }))).status, 200)
})

test('whoever guesses from many addresses keeps out other unknown ones, and nobody who had the PIN right', (t) => {
  const attempts = createPinAttempts(defaultPinLimits)
  const { perAddress, inAll, windowMs, trustMs } = defaultPinLimits
  t.is(attempts.begin('10.0.0.9', now).kind, 'begun')
  attempts.succeed('10.0.0.9', now)
  for (let guess = 0; guess < inAll; guess++)
    t.is(attempts.begin(`10.0.1.${Math.floor(guess / perAddress)}`, now + guess).kind, 'begun')
  t.deepEqual(attempts.begin('10.0.2.1', now + 100), { kind: 'refused', until: now + windowMs })
  for (let guess = 0; guess < perAddress; guess++)
    t.is(attempts.begin('10.0.0.9', now + 100).kind, 'begun', 'a teacher, mistyping')
  t.is(attempts.begin('10.0.0.9', now + 100).kind, 'refused', 'as often as anybody')
  t.is(attempts.begin('10.0.2.1', now + windowMs).kind, 'begun')
  const later = now + trustMs
  for (let guess = 0; guess < inAll; guess++)
    attempts.begin(`10.0.3.${Math.floor(guess / perAddress)}`, later)
  t.is(attempts.begin('10.0.0.9', later).kind, 'refused', 'a month later it is an address like any other')
})

test('many guesses at the same time do not slip through', async (t) => {
  let looked = 0
  const { baseUrl } = await page(t, {
    pinIsRight: async () => {
      looked++
      await new Promise((resolve) => setImmediate(resolve))
      return false
    },
  })
  const statuses = await Promise.all(
    Array.from(
      { length: 20 },
      async () => (await visitor(baseUrl).go('/reset/login', fields({ pin: '1' }))).status,
    ),
  )
  t.is(looked, 3)
  t.is(statuses.filter((status) => status === 429).length, 17)
})

test('a session lasts an hour, is closed by logging out, and is of no other origin', async (t) => {
  const { baseUrl, asked, clock } = await page(t)
  const { go, cookies } = await loggedIn(baseUrl)
  const confirm = await go('/reset/confirm?machine=victor-hugo%2Fcdi-01')
  const form = hiddenFields(confirm.html, '/reset/ask')
  t.is((await go('/reset/ask', form, { origin: 'http://evil.example' })).status, 403)
  t.is((await go('/reset/ask', fields({ machine: 'victor-hugo/cdi-01' }))).status, 403, 'no form token')
  t.is((await go('/reset/ask', fields({ machine: 'victor-hugo/cdi-01', token: 'x' }))).status, 403)
  t.is((await visitor(baseUrl).go('/reset/ask', form)).status, 403, 'no session')
  t.deepEqual(asked, [])
  await clock.pass(3_600_001)
  t.regex((await go('/reset/ask', form)).html, /Votre heure sur cette page est écoulée/)
  t.deepEqual(asked, [])
  const again = await loggedIn(baseUrl)
  await again.go('/reset/logout', hiddenFields(again.seen.html, '/reset/logout'))
  t.false(again.cookies.has('proviseur-reset'))
  t.is(cookies.size, 1)
})

test('the cookie is for this page only, and out of reach of scripts and of other sites', async (t) => {
  const { baseUrl } = await page(t)
  const response = await fetch(`${baseUrl}/reset/login`, {
    method: 'POST',
    redirect: 'manual',
    body: fields({ pin: '4711' }),
  })
  t.regex(
    response.headers.get('set-cookie') ?? '',
    /^proviseur-reset=[\w-]{43}; Path=\/reset; Max-Age=3600; HttpOnly; SameSite=Strict$/,
  )
})

test('only what the page offers can be asked for', async (t) => {
  const { baseUrl, asked } = await page(t)
  const { go, seen } = await loggedIn(baseUrl)
  const token = hiddenFields(seen.html, '/reset/logout').get('token') ?? ''
  t.is((await go('/reset/confirm?machine=victor-hugo%2Fsecretariat-01')).status, 404)
  t.is((await go('/reset/confirm')).status, 404)
  const form = new URLSearchParams({ token })
  form.append('machine', 'victor-hugo/cdi-01')
  form.append('machine', 'victor-hugo/secretariat-01')
  t.is((await go('/reset/ask', form)).status, 409)
  t.is((await go('/reset/ask', fields({ token }))).status, 409)
  t.is((await go('/reset/ask', fields({ token, who: 'x'.repeat(70_000) }))).status, 413)
  t.deepEqual(asked, [])
  t.is((await go('/reset/nothing')).status, 404)
  t.is((await fetch(`${baseUrl}/reset`, { method: 'DELETE' })).status, 405)
  t.is((await fetch(`${baseUrl}/resettle`)).status, 404)
})

test('the script’s source of states says what the page says, to who has the PIN', async (t) => {
  const { baseUrl } = await page(t)
  t.is((await visitor(baseUrl).go('/reset/state')).status, 403)
  const { go } = await loggedIn(baseUrl)
  const states: unknown = JSON.parse((await go('/reset/state')).html)
  t.like(states, { length: 5, 1: { id: 'victor-hugo/b204-02', kind: 'running', percent: 42 } })
})
