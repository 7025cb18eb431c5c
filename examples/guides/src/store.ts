import type { ActionStore } from 'action-provider-tools/store-contract'

export declare function openMyStore(): ActionStore
