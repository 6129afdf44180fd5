export { deviceBound } from './device/device-bound'
export type { DeviceBoundOptions } from './device/settings'
export type { DeviceBinding } from './contracts/device-binding'
