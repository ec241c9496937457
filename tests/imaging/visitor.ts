/** Somebody on the reset page, without a browser. */

/** French puts spaces that do not break before : ? ! and %. */
const plain = (html: string): string => html.replaceAll(/[\u00a0\u202f]/g, ' ')

/** As a browser: keeps cookies, follows the answers to forms, sends what the forms hold. */
export function visitor(baseUrl: string, headers: Record<string, string> = {}) {
  const cookies = new Map<string, string>()
  const go = async (
    path: string,
    form?: URLSearchParams,
    extra: Record<string, string> = {},
  ): Promise<Seen> => {
    const response = await fetch(new URL(path, baseUrl), {
      method: form === undefined ? 'GET' : 'POST',
      redirect: 'manual',
      headers: {
        ...headers,
        cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(form === undefined ? {} : { origin: baseUrl, ...extra }),
      },
      ...(form === undefined ? {} : { body: form }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/max-age=0/i.test(line)) cookies.delete(name)
      else cookies.set(name, value)
    }
    const to = response.headers.get('location')
    if (response.status === 303 && to !== null) return go(to)
    return { status: response.status, headers: response.headers, html: plain(await response.text()) }
  }
  return { go, cookies }
}

export type Seen = { readonly status: number; readonly headers: Headers; readonly html: string }

export const fields = (more: Record<string, string>) => new URLSearchParams(more)

/** The hidden fields of the form that goes to an address. */
export function hiddenFields(html: string, action: string): URLSearchParams {
  const [, form = ''] =
    new RegExp(`<form method="post" action="${action}"[^>]*>(.*?)</form>`, 's').exec(html) ?? []
  const found = new URLSearchParams()
  for (const [, name = '', value = ''] of form.matchAll(
    /<input type="hidden" name="([^"]*)" value="([^"]*)">/g,
  ))
    found.append(name, value)
  return found
}
