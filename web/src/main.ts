import { createApp } from 'vue';

import App from './App.vue';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import './styles/fields.css';
import './styles/dialogs.css';
import './styles/shell.css';
import './styles/welcome.css';
import './styles/panes.css';
import './styles/chat.css';
import './styles/usage.css';
import './styles/settings.css';
import './styles/users.css';
import './styles/files.css';
import './styles/print.css';
import { applyRememberedTheme } from './preferences/theme';

applyRememberedTheme();
createApp(App).mount('#app');
