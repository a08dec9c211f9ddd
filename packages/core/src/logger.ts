/**
 * What we log through: fields first, then the message. pino, Fastify's `app.log` and `console` all fit.
 * One line a transition, none a request; no field ever holds a credential, a header or a body.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nothing = () => {};

export const silentLogger: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
