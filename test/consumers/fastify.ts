import { FastifyAdapter } from '@nestjs/platform-fastify';
import { main } from './app.js';

void main(new FastifyAdapter());
