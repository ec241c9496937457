/** A lycée whose PCs have an image, in two versions, and a package in it. */
import type { Desired } from '../../specs/desired.ts'
import { digest, manifest, server, wantedDisk } from '../reconciler/sample-park.ts'
import { type Wish, wish } from './lycee.ts'

export const archive = { geogebra: ['6.0.850-1'] }

/** Packages in each image, by manifest. */
export const images = { [manifest('v1')]: { dash: '0.5-1' }, [manifest('v2')]: { dash: '0.6-1' } }

export const imaged = (ids: readonly string[], version: string, scripts: Wish['scripts'] = {}): Desired =>
  wish(ids, {
    packages: { geogebra: 'present' },
    scripts,
    site: { server },
    more: {
      disk: wantedDisk(version),
      reset: { policy: 'on-demand', keep: [], by: [] },
      facetDigests: {
        packages: digest('p'),
        scripts: digest('s'),
        identity: digest('i'),
        disk: digest(`disk-${version}`),
      },
    },
  })
