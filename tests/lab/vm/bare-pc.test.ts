import { becomesLyceesPc } from './bare-pc.ts'

becomesLyceesPc({ firmware: 'bios', bus: 'virtio' })
becomesLyceesPc({ firmware: 'secure-boot', bus: 'virtio' })
