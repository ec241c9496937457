import test, { type ExecutionContext } from 'ava'
import type { Page } from 'puppeteer-core'
import { faultsOf } from './accessibility.ts'
import { closeBrowser, desktop, openPage, type PageOptions, phone, serveRoute } from './browser.ts'
import { createLycee, pin } from './lycee.ts'

test.after.always(closeBrowser)

const words = {
  fr: {
    wrong: /Ce code n’est pas le bon/,
    room: 'Remettre en état toute la salle B204 Sciences',
    yes: 'Oui, remettre ces 3 postes en état',
    label: 'Votre nom (facultatif)',
    asked: /La remise en état de 3 postes est demandée/,
    waiting: /Remise en état demandée .*en attente du poste/,
    running: /Remise en état en cours, 42 %, encore 3 min environ/,
    later: /Remise en état en cours, 87 %/,
    logout: 'Se déconnecter',
    other: 'English',
    otherTitle: 'Reset PCs',
  },
  en: {
    wrong: /This PIN is not right/,
    room: 'Reset the whole room B204 Sciences',
    yes: 'Yes, reset these 3 PCs',
    label: 'Your name (optional)',
    asked: /The reset of 3 PCs was asked for/,
    waiting: /Reset asked for .*waiting for the PC/,
    running: /Being reset, 42%, about 3 min left/,
    later: /Being reset, 87%/,
    logout: 'Log out',
    other: 'Français',
    otherTitle: 'Remettre des postes en état',
  },
} as const

/** French puts spaces that do not break before : ? and %. */
const plain = (text: string): string => text.replaceAll(/[\u00a0\u202f]/g, ' ')

const textOf = (page: Page, selector: string): Promise<string> =>
  page.$eval(selector, (element) => element.textContent ?? '').then(plain)

/** Presses what a screen reader calls so, with a finger or the mouse, and waits for the page that comes of it. */
const press = async (page: Page, role: 'button' | 'link', name: string): Promise<void> => {
  const element = await page.waitForSelector(`::-p-aria([name="${name}"][role="${role}"])`)
  if (element === null) throw new Error(`nothing to press: ${name}`)
  await Promise.all([page.waitForNavigation(), element.click()])
}

const login = async (page: Page, code: string): Promise<void> => {
  await page.type('#pin', code)
  await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')])
}

const accessible = async (
  t: ExecutionContext,
  page: Page,
  language: string,
  where: string,
): Promise<void> => {
  t.deepEqual(await faultsOf(page, language), [], where)
}

/** From the PIN to the progress bar. */
async function wholeWay(t: ExecutionContext, options: PageOptions): Promise<void> {
  const { language } = options
  const said = words[language]
  const lycee = createLycee()
  const page = await openPage(t, options)
  await page.goto(`${await serveRoute(t, lycee.route)}/reset`)
  await accessible(t, page, language, 'PIN')
  t.is(await page.evaluate('document.activeElement.id'), 'pin')
  await login(page, '1234')
  t.regex(await textOf(page, '[role=alert]'), said.wrong)
  await accessible(t, page, language, 'wrong PIN')
  await login(page, pin)
  await accessible(t, page, language, 'rooms')
  const line = '[data-machine$="b204-03"]'
  t.regex(await textOf(page, `${line} .state`), said.running)
  t.not(await page.$(`${line} progress[value="42"]:not([hidden])`), null)

  await press(page, 'button', said.room)
  await accessible(t, page, language, 'confirmation')
  const names = await page.$$eval('.names li', (items) => items.map((item) => item.textContent))
  t.deepEqual(names, ['b204-01', 'b204-02', 'b204-04'])
  t.deepEqual(lycee.asked, [])
  await page.type(`::-p-aria([name="${said.label}"][role="textbox"])`, 'Mme Curie')
  await press(page, 'button', said.yes)
  t.deepEqual(lycee.asked, [
    {
      machines: ['victor-hugo/b204-01', 'victor-hugo/b204-02', 'victor-hugo/b204-04'],
      who: 'reset page, 127.0.0.1, "Mme Curie"',
    },
  ])
  t.regex(await textOf(page, '[role=status]'), said.asked)
  t.regex(await textOf(page, '[data-machine$="b204-01"] .state'), said.waiting)
  await accessible(t, page, language, 'asked')

  lycee.set('b204-01', { kind: 'running', share: 0.87 })
  if (options.script === false) {
    await page.reload()
  } else {
    // By itself, and in place.
    await page.waitForSelector('[data-machine$="b204-01"] progress[value="87"]:not([hidden])')
  }
  t.regex(await textOf(page, '[data-machine$="b204-01"] .state'), said.later)
  await accessible(t, page, language, 'running')
  lycee.set('b204-01', { kind: 'ready' })
  // Its button comes back: the page has loaded anew.
  if (options.script === false) await page.reload()
  await page.waitForSelector('[data-machine$="b204-01"] button')
  await press(page, 'button', said.logout)
  t.not(await page.$('#pin'), null)
}

for (const [name, options] of [
  ['on a phone, in French', { screen: phone, language: 'fr' }],
  ['on a PC, in English, in the dark', { screen: desktop, language: 'en', scheme: 'dark' }],
  ['on a phone without script, in English', { screen: phone, language: 'en', script: false }],
  ['on a PC without script, in French', { screen: desktop, language: 'fr', script: false }],
  ['on a phone at night, in French', { screen: phone, language: 'fr', scheme: 'dark' }],
] as const satisfies readonly (readonly [string, PageOptions])[]) {
  test(`a teacher resets a room ${name}`, (t) => wholeWay(t, options))
}

for (const language of ['fr', 'en'] as const) {
  test(`the language is changed with one press, and kept (${language})`, async (t) => {
    const lycee = createLycee()
    const page = await openPage(t, { screen: phone, language })
    const address = `${await serveRoute(t, lycee.route)}/reset`
    await page.goto(address)
    await press(page, 'link', words[language].other)
    const other = language === 'fr' ? 'en' : 'fr'
    t.is(await textOf(page, 'h1'), words[language].otherTitle)
    await page.goto(address)
    await login(page, pin)
    await accessible(t, page, other, 'rooms')
    t.is(await textOf(page, 'h1'), words[language].otherTitle)
  })
}
