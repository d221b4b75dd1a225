/**
 * The Express adapter that refuses requests early.
 *
 * @module nestjs-vts/express
 */
export { VtsExpressAdapter } from './nest/http/express/vts-express-adapter.js';
