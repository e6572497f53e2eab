import { createApp } from 'vue';

import App from './App.vue';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/shell.css';
import './styles/welcome.css';
import './styles/panes.css';
import './styles/chat.css';
import './styles/usage.css';

createApp(App).mount('#app');
