import { ExpressAdapter } from '@nestjs/platform-express';
import { main } from './app.js';

void main(new ExpressAdapter());
