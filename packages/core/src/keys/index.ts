export { DATA_KEY_BYTES, type KeyPlace, newDataKey, unwrapDataKey, wrapDataKey } from './data-key.ts';
