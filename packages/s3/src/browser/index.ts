export { uriEncode, uriEncodePath } from '../sigv4/encoding.ts';
