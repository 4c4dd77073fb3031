"""What a variable is called and holds tells whether it is a secret: settings about secrets are none, and no secret passes for one."""

from __future__ import annotations

import pytest
from test_expectation_log_coverage import Run

from harness.curtain import Curtain
from harness.expectations.base import Line
from harness.secret_names import holds_secret
from harness.stack_secrets import secrets_in
from harness.verdict import Outcome

SETTINGS = [
    ("TOKEN_URL", "http://auth:8080/oauth/token"),
    ("TOKEN_URL", "https://login.example/3fa85f64-5717-4562-b3fc-2c963f66afa6/oauth2/v2.0/token"),
    ("TOKEN_URL", "http://shop:hunter22@auth:8080/oauth/token"),  # its password is told by itself
    ("SECRETS_URL", "vault://secrets:8200/shop/prod?version=2&mode=read"),
    ("JWT_TOKEN_ISSUER", "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab3dEf9hI"),
    ("tokenEndpoint", "auth.shop.example"),
    ("TOKEN_SERVICE_ADDR", "auth-svc:9000"),
    ("KEY_SERVER_HOST", "db1.c9akciq32rs4.eu-west-1.rds.example:5432"),
    ("TLS_KEY", "/certs/server.key"),
    ("TLS_KEY_1", "/certs/server.key"),
    ("SSH_KEY", "~/.ssh/id_ed25519"),
    ("SSH_KEY_PATH", "/root/.ssh/id_rsa"),
    ("KAFKA_SSL_KEYSTORE_LOCATION", "certs/kafka.jks"),
    ("SECRETS_DIR", "/run/secrets"),
    ("DB_PASSWORD_PATH", "/run/secrets/db_password"),
    ("DB_PASSWORD_FILE", "anything at all"),
    ("AUTH_TOKEN_HEADER", "X-Auth-Token"),
    ("RATE_LIMIT_KEY_PREFIX", "rl:orders:"),
    ("REDIS_KEY_NAMESPACE", "shop-api"),
    ("CASSANDRA_KEYSPACE", "orders1"),
    ("SHOP_KEYCLOAK_REALM", "orders1"),
    ("TOKENIZERS_PARALLELISM", "enabled1"),
    ("AWS_SECRET_NAME", "prod/shop/db"),
    ("SIGNING_KEY_ID", "2024-01-orders"),
    ("JWT_PUBLIC_KEY", "-----BEGIN PUBLIC KEY-----MIIBIjANBgkqhkiG9w0BAQEFAAOC"),
    ("PARTITION_KEY", "customer_id"),
    ("ORDERS_ROUTING_KEY", "order.created.v1"),
    ("KAFKA_KEY_SERIALIZER", "org.apache.kafka.common.serialization.StringSerializer"),
    ("SPRING_KEY_STRATEGY", "com.shop.Keys$ByCustomer"),
    ("TOKEN_TTL_SECONDS", "864000"),
    ("ACCESS_TOKEN_EXPIRES_IN", "PT1H30M"),
    ("MAX_TOKENS", "128000"),
    ("PASSWORD_MIN_LENGTH", "100000"),
    ("PASS_THROUGH", "enabled"),
    ("PROXY_PASS", "http://api:8080"),
    ("LOGIN_PASSWORD_REQUIRED", "enabled"),
    ("PASSWORD_HASH", "bcrypt"),
    ("DB_PASSWORD", "/run/secrets/db1_password"),
    ("DB_PASSWORD", "vault:secret/data/db1#password"),
    ("DB_PASSWORD", "op://shop/db1/password"),
    ("API_TOKEN", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:shop-AbCdEf"),
    ("POSTGRES_INITDB_PASSWORD_ENCRYPTION", "scram-sha-256"),
    ("PASSWORD_SERVICE", "passwords:9000"),
    ("PASSWORD_HOSTS", "db1:5432,db2:5432"),
    ("PASSWORD_RESET_DOMAIN", "login.shop.example"),
    ("PASSWORD_SERVER", "10.0.0.5"),
    ("SECRETS_BACKEND", "vault1"),
    ("MESSAGE_KEY", "customer_id"),
    ("MESSAGE_KEY", "orderId"),
    ("OBJECT_KEY", "orders/2024.csv"),
    ("KAFKA_MESSAGE_KEY", "orderNumber"),
    ("RECORD_KEY", "userEmail"),
    ("GROUP_KEY", "TenantCode"),
    ("MESSAGE_KEY", "account_number"),
    ("DB_PASSWORD_SECRET_REGION", "eu-central-1"),
    ("API_KEY_REGION", "eu-west-1"),
    ("API_KEY_SCOPE", "orders:read"),
    ("API_KEY_SCOPES", "read,write"),
    ("CLIENT_SECRET_NAMESPACE", "team-1"),
    ("CLIENT_SECRET_REALM", "shop2"),
    ("DB_PASSWORD_ENV", "POSTGRES_PASSWORD"),
    ("API_KEY_SERVICE_HOST", "keys-1"),
    ("PASSWORD_RESET_ENDPOINT", "/v1/password/reset"),
    ("PASSWORD_RESET_URI", "accounts/{id}/reset2"),
]


@pytest.mark.parametrize(("name", "value"), SETTINGS)
def test_a_setting_about_a_secret_is_none(name: str, value: str) -> None:
    assert not holds_secret(name, value)


SECRETS = [
    ("SLACK_SECRET_URL", "https://hooks.slack.com/services/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"),
    ("TOKEN_URL", "https://ghp_abcdef1234567890@github.com/o/r"),
    ("TOKEN_URL", "https://auth.example/oauth2/login?token=sunflower"),
    ("TOKEN_URL", "https://auth.example/oauth2/login?s=k9QzL4xTpm77"),
    ("PING_KEY_URL", "https://hc.example/3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    ("AUTH_TOKEN_HEADER", "Bearer k9QzL4xTpm77vB2n"),
    ("PAGERDUTY_ROUTING_KEY", "R012ABCD3EFG4HIJ5KLM6NOP7QRS8TUV"),
    ("SECRET_PATH", "sunflower"),
    ("DB_PASSWORD", "/correct/horse/battery"),
    ("DB_PASSWORD", "com.shop.Sunflower"),
    ("API_TOKEN", "/9j/4AAQSkZJRgAB"),
    ("API_TOKEN", "auth-svc:9000"),
    ("API_KEY", "12345678"),
    ("SECRET_KEY_BASE", "sunflower"),
    ("AWS_ACCESS_KEY_ID", "minioadmin"),
    ("VAULT_SECRET_ID", "sunflower"),
    ("MAX_PASS", "12345678"),
    ("TLS_PRIVATE_KEY", "sunflower"),
    ("GRAFANA_TOKEN_TTL", "k9QzL4xTpm77"),
    ("REDIS_PASS", "hunter22"),
    ("API_KEYS", "hunter22"),
    ("ORDERS_DB_PASSWORD_SERVICE", "hunter22"),
    ("MQTT_PASSWORD_BROKER", "sunflower-rain"),
    ("DB_PASSWORD_BACKEND", "sunflower"),
    ("KEYCLOAK_CLIENT_SECRET_BACKEND", "hunter22"),
    ("API_KEY_PROVIDER", "hunter22"),
    ("JWT_SECRET_BACKEND", "hunter22"),
    ("MESSAGE_KEY", "topsecretkey"),
    ("GROUP_KEY", "sunflower-rain"),
    ("MESSAGE_KEY", "topSecretKey"),
    ("MESSAGE_KEY", "myEncryptionKey"),
    ("MESSAGE_KEY", "my_password"),
    ("MESSAGE_KEY", "kQzLxTpmvBnR"),
    ("WEBHOOK_SECRET_ENDPOINT", "sunflower-rain"),
    ("PASSWORD_RESET_ENDPOINT", "/k9QzL4xT/pm77vB2n"),
    ("API_KEY_SCOPE", "k9QzL4xTpm77"),
    ("MQTT_PASSWORD_SERVER", "hunter22"),
]


@pytest.mark.parametrize(("name", "value"), SECRETS)
def test_a_secret_is_one_though_it_is_called_a_little_like_a_setting(name: str, value: str) -> None:
    assert holds_secret(name, value)


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("TOKEN_URL", "http://postgres:8080/oauth/token", "POST http://postgres:8080/oauth/token: connection refused"),
        ("TLS_KEY", "/certs/server.key", "cannot read /certs/server.key"),
        ("ACCESS_TOKEN_EXPIRE_MINUTES", "100000", "payment of 100000 cents declined"),
        ("PARTITION_KEY", "customer_id", "null value in customer_id"),
        ("DB_PASSWORD", "vault:secret/data/db1", "starting with DB_PASSWORD=vault:secret/data/db1"),
        ("API_KEY_REGION", "eu-west-1", '{"level":"INFO","message":"client created","region":"eu-west-1"}'),
        ("KAFKA_MESSAGE_KEY", "orderNumber", '{"level":"INFO","message":"published","orderNumber":"4711"}'),
        ("JWT_SECRET_PROVIDER", "kubernetes", "secrets are kept by kubernetes"),
        ("JAVA_OPTS", "-Dlogin.password.required=enabled", "circuit breaker enabled"),
    ],
)
def test_an_honest_line_about_it_fails_nobody_and_is_kept_as_it_was_written(name: str, value: str, text: str) -> None:
    own = secrets_in({"services": {"api": {"environment": {name: value}}, "postgres": {}}})
    assert Run(secrets=own, extra=[Line("api", "api-1", 12.0, text)]).check().outcome is Outcome.PASSED
    assert Curtain(own).text(text) == text


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("ORDERS_DB_PASSWORD_SERVICE", "hunter22", "login failed for orders with hunter22"),
        ("ORDERS_DB_PASSWORD_SERVICE", "sunflower", "connect failed: password=sunflower"),
        ("MESSAGE_KEY", "topsecret99", "sealed with topsecret99"),
    ],
)
def test_a_password_is_found_and_masked_whosever_its_variable_says_it_is(name: str, value: str, text: str) -> None:
    own = secrets_in({"services": {"api": {"environment": {name: value}}, "postgres": {}}})
    assert Run(secrets=own, extra=[Line("api", "api-1", 12.0, text)]).check().reason == "secret_logged"
    assert value not in Curtain(own).text(text)


def test_a_commands_options_are_told_apart_in_the_same_way() -> None:
    command = (
        "serve --token-issuer=https://auth.example/shop --password-file /run/x --max-tokens 128000 --api-token k9QzL4xT"
    )
    own = secrets_in({"services": {"api": {"command": command}}})
    assert [(one.name, one.value) for one in own] == [("api api-token", "k9QzL4xT")]
