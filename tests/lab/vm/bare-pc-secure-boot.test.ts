import { becomesLyceesPc } from './bare-pc.ts'

becomesLyceesPc({ firmware: 'secure-boot', bus: 'virtio', netboot: 'proxy' })
