/** The reset page's HTML: works without a script and on a phone; the script only keeps the states fresh. */
import { say, type Text } from '../../specs/text.ts'
import { type Html, html } from './html.ts'
import type { ResetMachine, ResetRoom } from './reset-desk.ts'
import { inWords, lastResetText, percentOf, type Reader, stateText } from './reset-words.ts'

/** What every page needs. */
export type Frame = Reader & {
  readonly lycee: string
  /** Of this response, for its one style and script. */
  readonly nonce: string
  /** The page's own address, for the language switch. */
  readonly path: string
}

export type Notice = { readonly kind: 'good' | 'bad'; readonly text: Text }

export const loginPage = (frame: Frame, notice?: Notice): Html =>
  page(
    frame,
    say('Reset PCs', 'Remettre des postes en état'),
    html`${noticeHtml(frame, notice)}
<form method="post" action="/reset/login" class="card">
<p><label for="pin">${t(frame, 'PIN', 'Code')}</label>
<input id="pin" name="pin" type="password" inputmode="numeric" autocomplete="off" required autofocus maxlength="64"></p>
<p><button>${t(frame, 'Continue', 'Continuer')}</button></p>
</form>
<p class="hint">${t(frame, 'The PIN is given by the IT staff of your lycée.', 'Le code est communiqué par le référent numérique de votre lycée.')}</p>`,
  )

export const roomsPage = (
  frame: Frame,
  rooms: readonly ResetRoom[],
  formToken: string,
  notice?: Notice,
): Html =>
  page(
    frame,
    say('Reset PCs', 'Remettre des postes en état'),
    html`${noticeHtml(frame, notice)}
${rooms.length === 0 ? html`<p>${t(frame, 'No PC of this lycée can be reset from here.', 'Aucun poste de ce lycée ne peut être remis en état d’ici.')}</p>` : undefined}
${rooms.map((room) => roomHtml(frame, room))}
<form method="post" action="/reset/logout"><input type="hidden" name="token" value="${formToken}">
<p><button class="plain">${t(frame, 'Log out', 'Se déconnecter')}</button></p></form>
<script nonce="${frame.nonce}">${refreshing}</script>`,
  )

const roomHtml = (frame: Frame, room: ResetRoom): Html => html`
<section aria-labelledby="room-${room.id}">
<h2 id="room-${room.id}">${room.title}</h2>
<form method="get" action="/reset/confirm">
${
  room.machines.some(isFree)
    ? html`<p><button name="room" value="${room.id}">${t(frame, `Reset the whole room ${room.title}`, `Remettre en état toute la salle ${room.title}`)}</button></p>`
    : undefined
}
<ul>${room.machines.map((machine) => machineHtml(frame, machine))}</ul>
</form>
</section>`

const machineHtml = (frame: Frame, machine: ResetMachine): Html => {
  const last = lastResetText(machine.lastResetAt, frame)
  const percent = percentOf(machine.state)
  return html`<li data-machine="${machine.id}"><strong>${machine.name}</strong>
<span class="state" data-state="${machine.state.kind}">${stateText(machine, frame)}</span>
<progress max="100" value="${percent ?? 0}" aria-label="${t(frame, `Progress of ${machine.name}`, `Avancement de ${machine.name}`)}"${percent === undefined ? html` hidden` : undefined}></progress>
${last === undefined ? undefined : html`<small>${last}</small>`}
${
  isFree(machine)
    ? html`<button class="one" name="machine" value="${machine.id}">${t(frame, `Reset ${machine.name}`, `Remettre en état ${machine.name}`)}</button>`
    : undefined
}</li>`
}

export const isFree = (machine: ResetMachine): boolean =>
  machine.state.kind === 'ready' || machine.state.kind === 'failed'

export const confirmPage = (
  frame: Frame,
  what: { readonly title: string; readonly machines: readonly ResetMachine[] },
  formToken: string,
): Html =>
  page(
    frame,
    say(`Reset ${what.title}?`, `Remettre en état ${what.title}\u00a0?`),
    html`<p class="bad">${t(
      frame,
      'Everything that was changed or saved on these PCs is erased, but for what the IT staff keep. Nobody must be working on them.',
      'Tout ce qui a été modifié ou enregistré sur ces postes est effacé, sauf ce que les techniciens ont choisi de conserver. Personne ne doit y travailler.',
    )}</p>
<form method="post" action="/reset/ask" class="card">
<ul class="names">${what.machines.map((machine) => html`<li>${machine.name}</li>`)}</ul>
<input type="hidden" name="token" value="${formToken}">
${what.machines.map((machine) => html`<input type="hidden" name="machine" value="${machine.id}">`)}
<p><label for="who">${t(frame, 'Your name (optional)', 'Votre nom (facultatif)')}</label>
<input id="who" name="who" autocomplete="name" maxlength="80"></p>
<p class="choice"><button class="danger">${t(
      frame,
      what.machines.length === 1 ? 'Yes, reset this PC' : `Yes, reset these ${what.machines.length} PCs`,
      what.machines.length === 1
        ? 'Oui, remettre ce poste en état'
        : `Oui, remettre ces ${what.machines.length} postes en état`,
    )}</button>
<a class="cancel" href="/reset">${t(frame, 'Cancel', 'Annuler')}</a></p>
</form>`,
  )

export const messagePage = (frame: Frame, notice: Notice): Html =>
  page(
    frame,
    say('Reset PCs', 'Remettre des postes en état'),
    html`${noticeHtml(frame, notice)}<p><a class="cancel" href="/reset">${t(frame, 'Back', 'Retour')}</a></p>`,
  )

/** What the script asks for: the state of each PC, as the page would say it. */
export const statesOf = (rooms: readonly ResetRoom[], reader: Reader) =>
  rooms.flatMap(({ machines }) =>
    machines.map((machine) => ({
      id: machine.id,
      kind: machine.state.kind,
      text: stateText(machine, reader),
      percent: percentOf(machine.state) ?? null,
    })),
  )

const t = (frame: Frame, en: string, fr: string): string => inWords(say(en, fr), frame)

const noticeHtml = (frame: Frame, notice: Notice | undefined): Html | undefined =>
  notice &&
  html`<p class="${notice.kind}" role="${notice.kind === 'bad' ? 'alert' : 'status'}">${inWords(notice.text, frame)}</p>`

const page = (frame: Frame, title: Text, main: Html): Html => {
  const other = frame.locale === 'fr' ? 'en' : 'fr'
  return html`<!doctype html>
<html lang="${frame.locale}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${inWords(title, frame)} – ${frame.lycee}</title>
<style nonce="${frame.nonce}">${style}</style>
</head>
<body>
<header><p>${frame.lycee}</p><a href="${frame.path}?lang=${other}" lang="${other}" hreflang="${other}">${other === 'fr' ? 'Français' : 'English'}</a></header>
<main>
<h1>${inWords(title, frame)}</h1>
${main}
</main>
</body>
</html>
`
}

/**
 * Contrasts of text are 4.5:1 or more in both colour schemes; whatever is pressed is 44 pixels high for fingers. Only what asks for
 * something large is filled with colour: a room's thirty PCs must not shout. What a dot says by its colour stands beside it in words.
 */
const style: Html = {
  html: `:root{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif;--page:#f4f5f7;--card:#fff;--ink:#1c2430;--soft:#55606e;--line:#dfe3e8;--main:#1e4fa3;--on:#fff;--edge:#8a94a3;--good:#dcf3e4;--bad:#fde3e1;--dot-good:#2f8f5b;--dot-wait:#b7791f;--dot-bad:#b42318;--stop:#a82a20}
@media(prefers-color-scheme:dark){:root{--page:#14181e;--card:#1d232b;--ink:#e8ebef;--soft:#a9b3c0;--line:#323a45;--main:#9dc0fb;--on:#10203c;--edge:#75808f;--good:#173d29;--bad:#4d211e;--dot-good:#5cc48c;--dot-wait:#e0b05a;--dot-bad:#f28b82;--stop:#f5a79f}}
body{margin:0 auto;max-width:44rem;padding:1rem;background:var(--page);color:var(--ink)}
header{display:flex;justify-content:space-between;align-items:center;gap:1rem;color:var(--soft)}
header p{margin:0}
a{color:var(--main)}
header a,.cancel{display:inline-flex;align-items:center;min-height:2.75rem;min-width:2.75rem}
h1{font-size:1.5rem;line-height:1.25;margin:.75rem 0 1.25rem}h2{font-size:1.15rem;margin:0}
section,.card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1rem;margin:0 0 1.25rem}
.card>:first-child{margin-top:0}.card>:last-child{margin-bottom:0}
ul{list-style:none;padding:0;margin:1rem 0}
section ul{margin:1rem 0 0}
section li{display:grid;grid-template-columns:1fr auto;gap:.1rem 1rem;padding:.75rem 0;border-top:1px solid var(--line)}
section li:last-child{padding-bottom:0}
section li>*{grid-column:1}section li>.one{grid-column:2;grid-row:1/span 4;align-self:center}
.names{display:flex;flex-wrap:wrap;gap:.5rem}.names li{border:1px solid var(--line);border-radius:.4rem;padding:.15rem .6rem}
.state::before{content:"";display:inline-block;width:.6em;height:.6em;border-radius:50%;margin-right:.5em;background:var(--dot-wait)}
.state[data-state=ready]::before{background:var(--dot-good)}.state[data-state=failed]::before{background:var(--dot-bad)}
progress{width:100%;height:.6rem;margin:.3rem 0;accent-color:var(--main)}
label{display:block;margin-bottom:.3rem}
input:not([type=hidden]){font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);border-radius:.5rem;padding:.5rem .75rem;min-height:2.75rem;width:100%;max-width:20rem;box-sizing:border-box}
button{font:inherit;min-height:2.75rem;padding:.4rem 1rem;border:1px solid var(--main);border-radius:.5rem;background:var(--main);color:var(--on);cursor:pointer}
button.one,button.plain{background:transparent;color:var(--main);border-color:var(--edge)}
button.danger{background:var(--stop);border-color:var(--stop)}
.choice{display:flex;flex-wrap:wrap;align-items:center;gap:.5rem 1.5rem}
:focus-visible{outline:3px solid var(--main);outline-offset:2px}
.good,.bad{padding:.75rem 1rem;border-radius:.5rem}
.good{background:var(--good)}.bad{background:var(--bad)}
.hint,small{color:var(--soft)}
@media(max-width:30rem){section li{grid-template-columns:1fr}section li>.one{grid-column:1;grid-row:auto;margin-top:.5rem}section button{width:100%}}`,
}

/** A PC whose button should come or go makes the page load anew; all else is changed in place, so that nothing moves under a finger. */
const refreshing: Html = {
  html: `setInterval(async()=>{if(document.hidden)return
const answer=await fetch('/reset/state').catch(()=>undefined)
if(!answer||!answer.ok)return
const free=(kind)=>kind==='ready'||kind==='failed'
for(const {id,kind,text,percent} of await answer.json()){
const line=[...document.querySelectorAll('[data-machine]')].find((one)=>one.dataset.machine===id)
if(!line)continue
const state=line.querySelector('.state'),bar=line.querySelector('progress')
if(free(state.dataset.state)!==free(kind))return location.reload()
if(state.textContent!==text)state.textContent=text
state.dataset.state=kind
bar.hidden=percent===null
bar.value=percent??0}},2000)`,
}
