import type { Mac } from '../ids.ts'
import { baseOf, formatIpv4, isHostName, isIpv6, parseIpv4, parseSubnet, type Subnet } from '../network.ts'
import { say } from '../text.ts'
import { expected, Rejection, scalar } from './scalar.ts'

const macExpects = say(
  'a MAC address such as `52:54:00:25:02:01`',
  'une adresse MAC comme `52:54:00:25:02:01`',
)

/**
 * A network card's address, in any of the usual spellings (`:`, `-`, Cisco dots, bare), given back in lower case with colons.
 * Refused: all zeros, broadcast and group addresses (the lowest bit of the first byte, IEEE 802), which no card has.
 */
export const mac = () =>
  scalar<Mac>({
    expects: macExpects,
    json: {
      type: 'string',
      pattern: '^[0-9A-Fa-f]{2}([:-]?[0-9A-Fa-f]{2}){5}$',
      examples: ['52:54:00:25:02:01'],
    },
    parse: parseMac,
  })

const macPattern = /^[0-9a-f]{2}(?::[0-9a-f]{2}){5}$/
const otherMacPattern =
  /^(?:[0-9a-f]{2}(?:[:-][0-9a-f]{2}){5}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}|[0-9a-f]{12})$/i

function parseMac(text: string): Mac | Rejection {
  let normal = text
  if (!macPattern.test(text)) {
    if (!otherMacPattern.test(text)) {
      return new Rejection(
        'bad-mac',
        say(`“${text}” is not ${macExpects.en}.`, `« ${text} » n’est pas ${macExpects.fr}.`),
      )
    }
    normal = (
      text
        .toLowerCase()
        .replace(/[^0-9a-f]/g, '')
        .match(/../g) ?? []
    ).join(':')
  }
  if (normal === '00:00:00:00:00:00' || (Number.parseInt(normal.slice(0, 2), 16) & 1) === 1) {
    return new Rejection(
      'impossible-mac',
      say(
        `No network card has the address ${normal} (all zeros, broadcast or group address). Read it again on the PC.`,
        `Aucune carte réseau n’a l’adresse ${normal} (zéros, diffusion ou adresse de groupe). Relisez-la sur le poste.`,
      ),
    )
  }
  return normal as Mac
}

/** How to reach a machine: host name, IPv4 or IPv6 address. */
export const hostAddress = () => {
  const expects = say('an IP address or a host name', 'une adresse IP ou un nom d’hôte')
  return scalar<string>({
    expects,
    json: { type: 'string', minLength: 1, maxLength: 253 },
    parse: (text) => {
      if (parseIpv4(text) !== undefined || isHostName(text)) return text
      if (isIpv6(text)) return text.toLowerCase()
      const lower = text.toLowerCase()
      return new Rejection('bad-address', expected(expects), isHostName(lower) ? lower : undefined)
    },
  })
}

export const domainName = () =>
  scalar<string>({
    expects: say(
      'a DNS domain such as `victor-hugo.example.fr`',
      'un domaine DNS comme `victor-hugo.example.fr`',
    ),
    json: { type: 'string', maxLength: 200 },
    parse: (text) => (isHostName(text) && text.length <= 189 ? text : undefined),
  })

export const ipv4 = () =>
  scalar<string>({
    expects: say('an IPv4 address such as `10.25.11.255`', 'une adresse IPv4 comme `10.25.11.255`'),
    json: { type: 'string', format: 'ipv4' },
    parse: (text) => (parseIpv4(text) === undefined ? undefined : text),
  })

export const subnet = () =>
  scalar<Subnet>({
    expects: say(
      'an IPv4 subnet such as `10.25.11.0/24` (/8 to /30)',
      'un sous-réseau IPv4 comme `10.25.11.0/24` (de /8 à /30)',
    ),
    json: { type: 'string', pattern: '^[0-9]+(\\.[0-9]+){3}/[0-9]+$', examples: ['10.25.11.0/24'] },
    parse: (text) => {
      const parsed = parseSubnet(text)
      if (!parsed || baseOf(parsed) === parsed.base) return parsed
      const fixed = `${formatIpv4(baseOf(parsed))}/${parsed.bits}`
      return new Rejection(
        'bad-subnet',
        say(
          `${text} is the address of one host; its subnet begins at ${fixed}.`,
          `${text} est l’adresse d’un hôte ; son sous-réseau commence à ${fixed}.`,
        ),
        fixed,
      )
    },
  })

/** A host key's fingerprint as `ssh-keygen -l` prints it: SHA-256, base64 without padding (43 characters). */
export const hostKey = () =>
  scalar<string>({
    expects: say(
      'a host key fingerprint such as `SHA256:…` (43 characters after the colon), as `ssh-keygen -l` prints it',
      'une empreinte de clé d’hôte comme `SHA256:…` (43 caractères après le deux-points), telle que l’affiche `ssh-keygen -l`',
    ),
    json: { type: 'string', pattern: '^SHA256:[A-Za-z0-9+/]{43}$' },
    parse: (text) => (/^SHA256:[A-Za-z0-9+/]{43}$/.test(text) ? text : undefined),
  })
