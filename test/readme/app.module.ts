export { AppModule } from '../../sample/01-fastai-sentiment/src/app.module.js';
