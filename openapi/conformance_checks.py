"""What Schemathesis does not know by itself about Wardlink. Loaded by schemathesis.toml."""

import schemathesis

# Headers that one function reads for every operation (src/doors/request.rs). They are
# tried out where this list says; on all operations they were most of the run.
SHARED_HEADERS = {
    "Access-Purpose",
    "Access-Justification",
    "X-Request-Id",
    "Idempotency-Key",
    "If-None-Match",
}
# Whoever sends it and is no system is refused, and all who are signed in here are people.
FOR_SYSTEMS = "On-Behalf-Of"
TRIED_ON = {"read_me", "list_cases", "create_case", "correct_subject", "revoke_share"}

# Refusals of data that fit the schema, since no schema knows the records that there
# are, who asks, or how two members go together.
REASONS = {
    "is not a cursor of this list in this order": "a cursor is what the page before answered",
    "is not your password": "the password is the caller's own",
    "is not the code of now; is the device's clock right?": "a code is good for half a minute",
    "is not a case type here": "case types are files of the deployment",
    "is not a partnership of your organisation": "it has to exist, and be one's own",
    "is not an organisation you work with": "it has to exist, in a partnership with one's own",
    "is nobody of your organisation": "the person has to exist there",
    "cannot be used for a new account": "somebody may have that address",
    "is no case that you may see": "it has to exist, and be visible",
    "is no organisation here": "it has to exist",
    "is not a member of the case's partnership": "it has to be one",
    "is not a member of the partnership": "it has to be one",
    "is not open to your organisation": "which classes of data are open depends on who asks",
    "is the code of a built-in role": "which roles are built in is told by the service",
    "is held in the platform's own organisation only": "which organisation is the platform's depends on who asks",
    "is not a person of the tasked organisation": "the person has to exist there",
    "is not a team of the tasked organisation": "the team has to exist there",
    "is not an agreement of the case's partnership": "it has to exist, and be the partnership's",
    "name an agreement that covers this, or ask for ad_hoc_approval": "two members go together",
    "names something that is not an attachment of this case which you may see": "it has to exist, and be visible",
    "is this case": "a case is linked with another one",
    "only a person can be a child": "two members go together",
    "say what it is relied on for": "two members go together",
    "comes instead of `totp`": "two members go together",
    "the time is none at which it can have been seen": "it has to lie before now",
    "is not the code of a role": "roles are records of the organisation",
    "names nobody: say `own`": "a list in a choice cannot be bounded by the generator of the document",
    "must be a whole number": "3.0 is an integer to JSON Schema, and not to the reader of JSON",
    "is a number beyond 2^53 - 1": "what is in an open object is bounded by the case type, not by this document",
    "the ward did not stand on that day": "wards are records with dates",
    "lies ahead": "it has to lie before now",
    "is not the code of a known ward": "wards are records",
    "must be an address or a network like 203.0.113.0/24": "no pattern tells an address of IPv6 well",
    "is no permission that the roles carry and a system may use": "two members go together",
    "must be a public key of kty OKP on crv Ed25519, or of kty EC on crv P-256": "a point has to lie on its curve",
    "must lie ahead": "it has to lie after now",
    "must lie ahead, by 366 days at most": "it has to lie after now",
    "is neither built in nor a role of your organisation": "it has to exist there",
    "is not a case type": "case types are files of the deployment",
    "must be a key for cosignatures": "the note's own checksum has to fit (C2SP signed-note)",
    "must be the organisation asked": "two members go together",
    "is no organisation that you know": "it has to exist, and be known to who asks",
    "is not an organisation that sees the notes of this case": "it has to exist, and the notes to be shared with it",
    "does not work in this ward": "the partnership has to be one of the ward's",
    "is after `to`": "two members go together",
    "must be after active_from": "two members go together",
    "must be after valid_from": "two members go together",
    "must not be larger than `to`": "two parameters go together",
    "must be west,south,east,north in degrees, west below east and south below north": "four numbers go together",
}


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for item in raw_schema["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict):
                left_out = {FOR_SYSTEMS} if operation["operationId"] in TRIED_ON else SHARED_HEADERS | {FOR_SYSTEMS}
                operation["parameters"] = [
                    it for it in operation.get("parameters", []) if is_tried(written_out(raw_schema, it), left_out)
                ]
            follow_refresh(operation)
            # It calls as people do: a system sends its token in the same way, and
            # tests/api/service_accounts/ has systems call.
            operation["security"] = [it for it in operation["security"] if not {"system", "client"} & it.keys()]


def written_out(raw_schema, parameter):
    """The parameter, where a reference to it stands."""
    name = parameter.get("$ref", "").removeprefix("#/components/parameters/")
    return raw_schema["components"]["parameters"][name] if name else parameter


def is_tried(parameter, left_out):
    return parameter.get("required") or parameter["in"] != "header" or parameter["name"] not in left_out


def follow_refresh(operation):
    """OpenAPI has no words for a body that is made of a part of an answer; Schemathesis has."""
    links = operation["responses"].get("200", {}).get("links", {})
    if "refresh" in links:
        links["refresh"]["requestBody"] = {"refresh_token": "$response.body#/refresh_token"}


@schemathesis.check
def valid_data_is_refused_for_a_known_reason(ctx, response, case):
    """A 422 that names members must be for one of REASONS; rules of the field have a problem type of their own."""
    if case.meta is None or not case.meta.generation.mode.is_positive or response.status_code != 422:
        return
    problem = response.json()
    if problem["type"] == "/problems/invalid-request":
        unknown = [it for it in problem["errors"] if not it["detail"].endswith(tuple(REASONS))]
        assert not unknown, f"fits the schema but is refused: {unknown}"
