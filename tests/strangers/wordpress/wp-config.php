<?php
define('DB_NAME', 'wordpress');
define('DB_USER', 'wordpress');
define('DB_PASSWORD', 'correct-horse');
define('DB_HOST', 'db');
define('DB_CHARSET', 'utf8mb4');
define('DB_COLLATE', '');

define('AUTH_KEY',         'm7Yd!oV2mB9#sQe1');
define('SECURE_AUTH_KEY',  'p0Lk?nC6xT4$wRa8');
define('LOGGED_IN_KEY',    'z3Hj%uF5yG2&vEi7');
define('NONCE_KEY',        'a9Sd^rB1qW8*tMo6');
define('AUTH_SALT',        'k4Fg(eN7hJ3)xPu5');
define('SECURE_AUTH_SALT', 'c8Vb-iZ2lK6+yDy4');
define('LOGGED_IN_SALT',   'g1Nm=oX9jH5_zSt3');
define('NONCE_SALT',       'b6Qw~aU4fR1|cLr2');

define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
$table_prefix = 'wp_';
