<?php
// The blog's first installation, as the form at /wp-admin/install.php would do it. Does nothing on a blog that is installed.
$_SERVER['HTTP_HOST'] = 'localhost:8080';
$_SERVER['REQUEST_URI'] = '/wp-admin/install.php';
define('WP_INSTALLING', true);
require '/usr/share/wordpress/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

if (!is_blog_installed()) {
    wp_install('Our blog', 'admin', 'blog@example.com', true, '', 'an-admin-of-words');
    foreach (['We moved', 'Opening hours in winter', 'A look behind the counter'] as $title) {
        wp_insert_post(['post_title' => $title, 'post_content' => "<p>$title: more soon.</p>", 'post_status' => 'publish']);
    }
    echo "installed\n";
}
