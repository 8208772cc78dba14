// Makes the page live. Everything that it shows, the server rendered; without it the page is a plain one with a form.
import { setUpFilter } from './filter.js';
import { watchLive } from './live.js';
import { setUpPlayers } from './players.js';
import { tickTimes } from './times.js';

document.documentElement.classList.add('live');
tickTimes();
setUpFilter();
setUpPlayers();
watchLive();
